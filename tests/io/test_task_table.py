from __future__ import annotations

import csv
import hashlib
import io
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate.errors import ConfigError, CurateError
from curate.io import ReadOptions, discover, read
from curate.io.formats import FORMATS
from curate.io.model import Omit, RecordError
from curate.io.templates import MAX_FILE_BYTES, shipped_templates
from curate.io.templates.model import load_template
from curate.io.templates.sandbox import MAX_LOOPS, MAX_OUTPUT, MAX_SOURCE, compile_text
from tests.helpers import ROOT
from tests.io.taken import Taken, jsonl, take

SAMPLES = ROOT / "sample_data" / "dumps"
SHIPPED = {
    "classification", "natural_language_inference", "paraphrase", "qa_with_context", "summarization", "translation",
}  # fmt: skip

PLAIN = """\
name: plain
columns: {text: [text, body], label: label}
label:
  values: {bad: [0, "no"], good: [1, "yes"]}
  none: [-1]
  words: {bad: "not good"}
phrasings:
  - {input: "A: {{ text }}", output: "{{ label_word }}"}
  - {input: "B ({{ options | join('/') }}): {{ text }}", output: "{{ label_word }}!"}
  - {input: "C: {{ text }}", output: "{{ label }}={{ label_word }}", words: {good: "fine"}}
"""


def table(folder: Path, rows: list[dict[str, Any]], template: str, *, name: str = "t.jsonl", **options: Any) -> Taken:
    if name.endswith(".csv"):
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        data = text.getvalue().encode()
    else:
        data = jsonl(rows)
    (folder / name).write_bytes(data)
    if "\n" in template:
        (folder / "template.yaml").write_text(template, encoding="utf-8")
        template = str(folder / "template.yaml")
    return take(folder / name, form="task_table", template=template, **options)


def faults(folder: Path, text: str) -> str:
    path = folder / "template.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        FORMATS["task_table"].bind(ReadOptions(template=str(path)))  # type: ignore[misc]
    return str(error.value).replace(str(path), "T")


# The shipped templates


def test_the_shipped_templates() -> None:
    assert set(shipped_templates()) == SHIPPED
    for name in SHIPPED:
        template, _ = load_template(name)
        assert template.name == name
        assert len(template.phrasings) >= 8
        assert len({phrasing.input for phrasing in template.phrasings}) == len(template.phrasings)
        assert template.description.endswith(".")


ROWS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "classification": ({"text": "Rain again.", "label": "weather"}, ["Rain again."]),
    "natural_language_inference": ({"premise": "Rain falls.", "hypothesis": "It is wet.", "label": 0}, ["Rain falls.", "It is wet."]),
    "paraphrase": ({"sentence1": "Rain falls.", "sentence2": "It rains.", "label": "1"}, ["Rain falls.", "It rains."]),
    "qa_with_context": (
        {"context": "Rain fell on Monday.", "question": "When?", "answers": {"text": ["Monday"]}},
        ["Rain fell on Monday.", "When?"],
    ),
    "summarization": ({"article": "Rain fell all day long.", "highlights": "Rain."}, ["Rain fell all day long."]),
    "translation": (
        {"source": "Regen", "target": "rain", "source_language": "German", "target_language": "English"},
        ["Regen", "English"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_phrasing_renders(name: str) -> None:
    template, _ = load_template(name)
    row, shown = ROWS[name]
    convert = FORMATS["task_table"].bind(ReadOptions(template=name))  # type: ignore[misc]
    seen: dict[int, tuple[str, str]] = {}
    for seed in range(400):
        convert = FORMATS["task_table"].bind(ReadOptions(template=name, seed=seed))  # type: ignore[misc]
        made = convert(row)
        assert isinstance(made, tuple)
        seen[json.loads(made[2])["_reader"]["phrasing"]] = made[0]  # type: ignore[assignment]
        if len(seen) == len(template.phrasings):
            break
    assert set(seen) == set(range(len(template.phrasings)))
    for user, answer in seen.values():
        assert all(text in user for text in shown)
        assert answer.strip() == answer != ""
        assert user.strip() == user
        assert not set("{}") & set(user + answer)
        assert "\n\n\n" not in user
        assert "  " not in user
        assert "None" not in user
    assert len({user for user, _ in seen.values()}) == len(seen)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_samples(name: str) -> None:
    (path,) = (SAMPLES / "task_tables").glob(f"{name}.*")
    own = {"classification": "stars", "translation": "german_english"}.get(name)
    template = str(SAMPLES / "task_templates" / f"{own}.yaml") if own else name
    taken = take(path, form="task_table", template=template)
    assert len(taken.rows) >= 2
    reasons = Counter(one.reason for one in [*taken.left, *taken.rejects])
    assert reasons == {
        "classification": {"unlabelled": 1, "unknown_label": 1},
        "natural_language_inference": {"unlabelled": 1},
        "qa_with_context": {"empty_list": 1},
    }.get(name, {})
    assert {meta["_reader"]["template"] for meta in taken.metas} == {own or name}


# Rows


def test_a_row_takes_one_phrasing_with_its_words(tmp_path: Path) -> None:
    rows = [{"text": f"Text {n}.", "label": n % 2, "extra": [n]} for n in range(60)]
    taken = table(tmp_path, rows, PLAIN)
    assert not taken.rejects
    counts: Counter[int] = Counter()
    for row, meta, (user, answer) in zip(rows, taken.metas, taken.pairs, strict=True):
        notes = meta.pop("_reader")
        assert meta == row, "all columns"
        label = ["bad", "good"][row["label"]]
        assert (notes["template"], notes["label"]) == ("plain", label)
        word = {"bad": "not good", "good": "good"}[label]
        third = {"bad": "bad=not good", "good": "good=fine"}[label]
        assert (user, answer) == [
            (f"A: {row['text']}", word), (f"B (not good/good): {row['text']}", word + "!"), (f"C: {row['text']}", third),
        ][notes["phrasing"]]  # fmt: skip
        counts[notes["phrasing"]] += 1
    assert min(counts[n] for n in range(3)) >= 10


def test_the_choice_follows_seed_and_content_alone(tmp_path: Path) -> None:
    rows = [{"text": f"Text {n}.", "label": n % 2, "n": n} for n in range(40)]
    first = table(tmp_path, rows, PLAIN)
    assert table(tmp_path, rows, PLAIN, seed=42).pairs == first.pairs, "42 where none is given"
    assert table(tmp_path, rows, PLAIN, seed=43).pairs != first.pairs
    assert table(tmp_path, rows, PLAIN, batch_rows=100).pairs == first.pairs
    shuffled = random.Random(1).sample(rows, len(rows))
    assert sorted(table(tmp_path, shuffled, PLAIN).pairs) == sorted(first.pairs)
    # Neither the order of the columns, nor the container, nor a column that the template does not read.
    turned = [{"n": 0, "label": row["label"], "text": row["text"]} for row in rows]
    assert table(tmp_path, turned, PLAIN).pairs == first.pairs
    assert table(tmp_path, rows, PLAIN, name="t.csv").pairs == first.pairs


def test_cells_are_text_and_never_templates(tmp_path: Path) -> None:
    hostile = [
        "{{7*7}}",
        "{% for i in range(9) %}x{% endfor %}",
        "{{ ''.__class__ }}",
        "{# c #}",
        "{{ text }}",
        "<b>&amp;</b>",
        " \ttail \n",
    ]
    rows = [{"text": cell, "label": "yes"} for cell in hostile]
    taken = table(tmp_path, rows, PLAIN)
    for cell, (user, _) in zip(hostile, taken.pairs, strict=True):
        assert user.endswith(": " + cell)
    assert "49" not in "".join(user for user, _ in taken.pairs)
    open_labels = (
        "name: t\ncolumns: {x: x, label: y}\nlabel: {}\nphrasings: [{input: '{{ x }}', output: '{{ label_word }}'}]\n"
    )
    assert table(tmp_path, [{"x": "{{ label }}", "y": "{{ x }}"}], open_labels).pairs == [("{{ label }}", "{{ x }}")]


@pytest.mark.parametrize(
    ("row", "reason", "part"),
    [
        ({"label": 1}, "missing_field", "`text` or `body`"),
        ({"txt": "a", "label": 1}, "missing_field", "did you mean it by `txt`?"),
        ({"text": "a", "lable": 1}, "missing_field", "did you mean it by `lable`?"),
        ({"text": None, "label": 1}, "null_field", "`text`"),
        ({"text": "a", "label": None}, "null_field", "`label`"),
        ({"text": "a", "label": 2}, "unknown_label", "`2`"),
        ({"text": "a", "label": "goood"}, "unknown_label", "did you mean `good`?"),
        ({"text": "a", "label": "Yes"}, "unknown_label", "did you mean `yes`?"),
        ({"text": "a", "label": [1]}, "wrong_type", "a list"),
        ({"text": ["a"], "label": 1}, "wrong_type", "a list"),
        ({"text": "a", "label": 1, "_reader": 0}, "reserved_field", "`_reader`"),
        ({"text": "x" * (MAX_OUTPUT + 1), "label": 1}, "text_too_long", str(MAX_OUTPUT)),
    ],
)
def test_rejects(row: dict[str, Any], reason: str, part: str, tmp_path: Path) -> None:
    good = {"body": "a", "label": "yes"}
    taken = table(tmp_path, [good, row, good], PLAIN)
    (reject,) = taken.rejects
    assert (reject.reason, reject.line) == (reason, 2)
    assert part in reject.detail
    assert len(taken.rows) == 2


@pytest.mark.parametrize("label", [1, "1", "yes", "good", 1.0])
def test_spellings_of_a_label(label: Any, tmp_path: Path) -> None:
    (meta,) = table(tmp_path, [{"text": "a", "label": label}], PLAIN).metas
    assert meta["_reader"]["label"] == "good"


def test_truth_values_are_labels_too() -> None:
    convert = FORMATS["task_table"].bind(ReadOptions(template="paraphrase"))  # type: ignore[misc]
    for cell, label in [(True, "same"), ("true", "same"), (False, "different"), (0, "different")]:
        made = convert({"text1": "a", "text2": "b", "is_duplicate": cell})
        assert isinstance(made, tuple)
        assert json.loads(made[2])["_reader"]["label"] == label


def test_rows_without_a_label_are_left_out(tmp_path: Path) -> None:
    taken = table(tmp_path, [{"text": "a", "label": -1}, {"text": "b", "label": 0}], PLAIN)
    assert [(one.reason, one.value) for one in taken.left] == [("unlabelled", "`-1`")]
    assert len(taken.rows) == 1


def test_without_label_words_the_cell_must_be_text(tmp_path: Path) -> None:
    taken = table(tmp_path, [{"text": "a", "label": 3}, {"text": "b", "label": "three"}], "classification")
    assert [one.reason for one in taken.rejects] == ["unknown_label"]
    assert taken.pairs[0][1] == "three"


PATHS = """\
name: paths
columns:
  one: [plain.name, deep.list.1.x, deep.none]
  many: items
  maybe: hint
optional: [maybe]
constants: {kind: list}
phrasings:
  - input: |
      {{ kind }} {{ one }}{% if maybe is not none %} ({{ maybe }}){% endif %}:
      {% for item in many %}
      {{ loop.index }}/{{ loop.length }} {{ item | upper }}
      {% endfor %}
      {{ many | length }}
    output: "{{ many | join(', ') }}"
"""


def test_several_columns_paths_and_lists(tmp_path: Path) -> None:
    rows = [
        {"plain.name": "a", "items": ["x", 2, 0.5, True]},
        {"deep": {"list": [{}, {"x": "b"}]}, "items": [], "hint": ""},
        {"plain": {"name": "c"}, "items": ["é"], "hint": "h"},
        {"deep": {"list": []}, "items": ["y"]},
    ]
    taken = table(tmp_path, rows, PATHS)
    assert taken.pairs == [
        ("list a:\n1/4 X\n2/4 2\n3/4 0.5\n4/4 TRUE\n4", "x, 2, 0.5, true"),
        ("list b ():\n0", ""),
        ("list c (h):\n1/1 É\n1", "é"),
    ]
    assert [one.reason for one in taken.rejects] == ["missing_field"]


def test_a_path_into_an_empty_list_is_no_fault() -> None:
    convert = FORMATS["task_table"].bind(ReadOptions(template="qa_with_context"))  # type: ignore[misc]
    row = {"context": "c", "question": "q"}
    with pytest.raises(Omit) as omit:
        convert({**row, "answers": {"text": [], "answer_start": []}})
    assert omit.value.reason == "empty_list"
    with pytest.raises(RecordError) as error:
        convert({**row, "answers": {"txt": []}})
    assert error.value.reason == "missing_field"
    assert "nothing at `answers.text.0`" in error.value.detail


# Template files


def test_a_file_can_extend_a_shipped_template(tmp_path: Path) -> None:
    text = (
        "name: mine\nextends: translation\ncolumns: {source: de, target: en}\nconstants: {target_language: English}\n"
    )
    taken = table(tmp_path, [{"de": f"Satz {n}", "en": f"Sentence {n}"} for n in range(30)], text)
    assert len(taken.rows) == 30
    assert {meta["_reader"]["template"] for meta in taken.metas} == {"mine"}
    assert len({meta["_reader"]["phrasing"] for meta in taken.metas}) >= 6
    labels = "name: nli2\nextends: natural_language_inference\nlabel: {values: {entailment: [y], neutral: [q], contradiction: [n]}}\n"
    rows = [{"premise": "p", "hypothesis": "h", "label": label} for label in ("y", "q", "n", 0)]
    assert [one.detail.partition(";")[0] for one in table(tmp_path, rows, labels).rejects] == [
        "The template has no label `0`"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "T: a template file is a mapping"),
        ("name: x\nname: y\n", "T:2: `name` is given twice"),
        ("name: &a x\ndescription: *a\n", "T:1: anchors and aliases are not accepted"),
        ("name: x\ncolumns: {a: a\n", "not valid YAML"),
        ("name: !!python/object:os.system x\n", "T:1"),
        ("columns: {a: a}\n", "`name` is required"),
        ("name: Bad Name\n", "T:1: `name`"),
        ("name: x\nphrasngs: []\n", "T:2: no key `phrasngs`; did you mean `phrasings`?"),
        (
            "name: x\nphrasings:\n  - inputs: a\n    output: b\n",
            "T:3: no key `phrasings.0.inputs`; did you mean `input`?",
        ),
        ("name: x\nphrasings: [{input: '', output: b}]\n", "T:2: `phrasings.0.input`"),
        ("name: x\n", "`columns` names no column"),
        ("name: x\ncolumns: {a: a}\n", "`phrasings` has none"),
        (
            "name: x\nextends: classificaton\n",
            "T:2: no shipped template `classificaton`; did you mean `classification`?",
        ),
        ("name: x\nextends: ../x\n", "no shipped template"),
        ("name: x\ncolumns: {__a: a}\n", "T:2: `columns`: `__a` cannot be the name of a variable"),
        ("name: x\ncolumns: {loop: a}\n", "`loop` cannot be"),
        ("name: x\ncolumns: {for: a}\n", "`for` cannot be"),
        ("name: x\ncolumns: {a: []}\n", "`columns.a` names no column"),
        ("name: x\ncolumns: {a: a}\nconstants: {a: b}\n", "`constants.a` is a column as well"),
        ("name: x\ncolumns: {text: a}\noptional: [txt]\n", "T:3: `optional`: there is no `txt`; did you mean `text`?"),
        ("name: x\ncolumns: {lable: a}\nlabel: {}\n", "`label.column`: there is no `label`; did you mean `lable`?"),
        ("name: x\ncolumns: {label: a, b: b}\nlabel: {column: b}\n", "is the name of the label"),
        ("name: x\ncolumns: {label: a}\nlabel: {values: {a: [1], b: ['1']}}\n", "`1` means both a and b"),
        ("name: x\ncolumns: {label: a}\nlabel: {values: {a: [1]}, none: [a]}\n", "`a` means both a and none"),
        ("name: x\ncolumns: {label: a}\nlabel: {values: {good: [1]}, words: {god: x}}\n", "did you mean `good`?"),
        ("name: x\ncolumns: {a: a}\nphrasings: [{input: a, output: b, words: {c: d}}]\n", "label words need a `label`"),
    ],
)
def test_bad_template_files(text: str, message: str, tmp_path: Path) -> None:
    assert message in faults(tmp_path, text)


def test_all_faults_of_a_file_in_one_message(tmp_path: Path) -> None:
    told = faults(tmp_path, "name: x\ncolumns: {a: a}\noptional: [b, c]\nphrasings: []\n").splitlines()
    assert len(told) == 3
    assert all(line.startswith("T:") for line in told)


def test_which_template(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean `summarization`"):
        ReadOptions(template="sumarization")
    with pytest.raises(ConfigError, match="shipped are classification"):
        ReadOptions(template=str(tmp_path / "no.yaml"))
    with pytest.raises(ConfigError, match="a template is a file"):
        ReadOptions(template=str(tmp_path))
    with pytest.raises(ConfigError, match="no file and no shipped"):
        ReadOptions(template="../templates/summarization\0")
    (tmp_path / "big.yaml").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(ConfigError, match="at most"):
        ReadOptions(template=str(tmp_path / "big.yaml"))
    (tmp_path / "latin.yaml").write_bytes(b"name: \xff\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_template(str(tmp_path / "latin.yaml"))


def test_the_options_hold_the_templates_hash(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(PLAIN, encoding="utf-8")
    options = ReadOptions(template=str(path))
    assert options.template_sha256 == hashlib.sha256(PLAIN.encode()).hexdigest()
    assert ReadOptions.model_validate_json(options.model_dump_json()) == options
    assert ReadOptions().template_sha256 is None
    path.write_text(PLAIN.replace("A:", "X:"), encoding="utf-8")
    assert ReadOptions(template=str(path)) != options, "so that nothing kept under the old one is taken"
    with pytest.raises(ConfigError, match="has changed"):
        FORMATS["task_table"].bind(options)  # type: ignore[misc]


def test_only_read_when_told(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(jsonl([{"text": "a", "label": 1}]))
    with pytest.raises(CurateError):
        discover([str(path)])
    (file,) = discover([str(path)], format="task_table").files
    with pytest.raises(ConfigError, match="needs a template"):
        list(read(file))


# Hostile templates


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ x.__class__.__mro__ }}",
        "{{ x['__class__'] }}",
        "{{ x | attr('__class__') }}",
        "{{ x.upper }}",
        "{{ x.format(1) }}",
        "{{ self }}",
        "{{ self.__init__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum() }}",
        "{{ range(3) }}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for i in x %}{% for j in x %}x{% endfor %}{% endfor %}",
        "{% for i in x %}{% for j in i %}x{% endfor %}{% endfor %}",
        "{% for i in x recursive %}{{ loop(x) }}{% endfor %}",
        "{% for i in x %}{{ loop.__class__ }}{% endfor %}",
        "{% for i in x %}{{ loop.previtem }}{% endfor %}",
        "{% for x in x %}{% endfor %}",
        "{% for a, b in x %}{% endfor %}",
        "{{ loop.index }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{{ 1 / 0 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ x ~ x }}",
        "{{ [x, x] }}",
        "{{ {'a': x} }}",
        "{{ (x, x) }}",
        "{{ x[0] }}",
        "{{ x[:3] }}",
        "{{ x | center(1000000000) }}",
        "{{ x | indent(1000000000) }}",
        "{{ x | join(x) }}",
        "{{ x | join('a', 'b') }}",
        "{{ x | upper(1) }}",
        "{{ x | map('upper') }}",
        "{{ x | replace('', 'aaaaaaaa') }}",
        "{{ x is defined }}",
        "{{ x is sameas(x) }}",
        "{{ 'a' if x }}",
        "{% set y = x %}{{ y }}",
        "{% include '/etc/passwd' %}",
        "{% import '/etc/passwd' as p %}",
        "{% extends '/etc/passwd' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}",
        "{% call x() %}{% endcall %}",
        "{% block b %}{% endblock %}",
        "{% filter upper %}x{% endfilter %}",
        "{% with y = x %}{% endwith %}",
        "{% autoescape true %}x{% endautoescape %}",
        "{% do x %}",
        "{{ X }}",
        "{{ x",
        "{% if x %}",
        "{{ " + "(" * 3000 + "x" + ")" * 3000 + " }}",
        "{{ 1" + "0" * 5000 + " }}",
        "{{ x }}" * 600,
        "{% for i in x %}{% endfor %}" * (MAX_LOOPS + 1),
        "y" * (MAX_SOURCE + 1),
    ],
    ids=lambda source: source[:40],
)
def test_what_a_template_may_not_do(source: str) -> None:
    with pytest.raises(ConfigError, match=r"^T:7: "):
        compile_text(source, ["x"], "T:7")


@pytest.mark.parametrize(
    ("source", "x", "text"),
    [
        ("{{ x }}", "cell", "cell"),
        ("  {{ x }}\n", " cell ", " cell "),
        ("{% raw %}{{ x }}{% endraw %}{# note #}", "a", "{{ x }}"),
        ("{{ x | upper }}{{ x | lower }}{{ x | capitalize }}", "ab C", "AB Cab cAb c"),
        ("<{{ x | trim }}>", "  a ", "<a>"),
        ("{{ 'yes' if x == 'a' and x != 'b' or not x else 'no' }}", "a", "yes"),
        ("{{ 'in' if 'b' in x else 'out' }}", "abc", "in"),
        ("{% if x is string %}s{% elif x is number %}n{% else %}-{% endif %}", 3, "n"),
        ("{% for i in x if i != 'b' %}{{ i }}{% if not loop.last %}, {% endif %}{% else %}none{% endfor %}", ["a", "b", "c"], "a, c"),
        ("{% for i in x %}{% else %}none{% endfor %}", [], "none"),
        ("{{ x }}", 12345678901234567890123, "12345678901234567890123"),
        ("{{ x }}", False, "false"),
        ("{{ x }}", 0.1, "0.1"),
        ("{{ x | join }}", ["a", 1], "a1"),
    ],
)  # fmt: skip
def test_what_a_template_may_do(source: str, x: Any, text: str) -> None:
    assert compile_text(source, ["x"], "T:7")({"x": x}) == text


@pytest.mark.parametrize(
    ("source", "x", "reason"),
    [
        ("{{ x }}", None, "null_field"),
        ("{{ x }}", {"a": 1}, "wrong_type"),
        ("{{ x | upper }}", ["a"], "wrong_type"),
        ("{{ x | join(',') }}", "abc", "wrong_type"),
        ("{{ x | join(',') }}", ["a", None], "null_field"),
        ("{{ x | length }}", 5, "wrong_type"),
        ("{{ 'a' if x < 3 else 'b' }}", "text", "wrong_type"),
        ("{% for i in x %}{{ i }}{% endfor %}", 5, "wrong_type"),
        ("{{ x }}{{ x }}", "x" * (MAX_OUTPUT // 2 + 1), "text_too_long"),
        ("{{ x | join('" + "-" * 60_000 + "') }}", ["a"] * 1000, "text_too_long"),
        ("{% for i in x %}" + "y" * 60_000 + "{% endfor %}", ["a"] * 1000, "text_too_long"),
    ],
)
def test_what_cannot_be_filled_in_is_a_reject(source: str, x: Any, reason: str) -> None:
    with pytest.raises(RecordError) as error:
        compile_text(source, ["x"], "T:7")({"x": x})
    assert error.value.reason == reason


class Counted(list[str]):
    """A list that counts what is taken out of it."""

    taken = 0

    def __iter__(self) -> Iterator[str]:
        for one in super().__iter__():
            self.taken += 1
            yield one


def test_the_work_is_in_proportion_to_the_row() -> None:
    # Every loop that is allowed, none of which prints anything that would end it.
    render = compile_text("{% for i in x %}{% if i == 'b' %}{{ i }}{% endif %}{% endfor %}" * MAX_LOOPS, ["x"], "T:7")
    cells = Counted(["a"] * 1000)
    assert render({"x": cells}) == ""
    assert cells.taken == MAX_LOOPS * 1000


def test_a_template_sees_nothing_but_its_names() -> None:
    for name in ("range", "dict", "lipsum", "cycler", "joiner", "namespace", "__builtins__", "environment"):
        with pytest.raises(ConfigError, match="no column or constant"):
            compile_text("{{ " + name + " }}", ["x"], "T:7")
