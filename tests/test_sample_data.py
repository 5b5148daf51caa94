"""The sample dumps: reproducible, truthful about themselves, distinct, correct and small."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from datetime import date
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "sample_data"
RAW = DATA / "raw"
TASKS = {
    "open_qa", "closed_qa", "summarization", "classification", "extraction", "brainstorming", "creative_writing",
    "rewriting", "translation", "coding", "math", "roleplay", "advice",
}  # fmt: skip
LANGUAGES = {"en", "de", "fr", "es", "pt"}
Turns = tuple[str, ...]


def text_of(name: str, folder: Path = RAW) -> bytes:
    """The decompressed bytes of a dump."""
    data = (folder / name).read_bytes()
    if name.endswith(".gz"):
        return gzip.decompress(data)
    if name.endswith(".zst"):
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=1 << 26)
    return data


def positions(name: str, folder: Path = RAW) -> list[Any]:
    """What stands at each position of a dump: the parsed record, None for a blank line, bytes where JSON fails."""
    if name.endswith(".parquet"):
        return pl.read_parquet(folder / name).to_dicts()
    data = text_of(name, folder)
    if name.endswith(".csv"):
        return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))
    if name.endswith(".json"):
        return json.loads(data)
    found: list[Any] = []
    for line in data.removesuffix(b"\n").split(b"\n"):
        if not line.strip():
            found.append(None)
            continue
        try:
            found.append(json.loads(line))
        except ValueError:
            found.append(line)
    return found


def turns_of(row: Any) -> Turns:
    """The turns of a record of any of the formats, user first; an input follows its instruction after a blank line."""
    if "messages" in row:
        return tuple(m["content"] for m in row["messages"] if m["role"] != "system")
    if "conversations" in row:
        return tuple(m["value"] for m in row["conversations"])
    if "prompt" in row:
        return row["prompt"], row["completion"]
    if "question" in row:
        return row["question"], row["answer"]
    given = row.get("input") or row.get("context") or ""
    answer = row["output"] if "output" in row else row["response"]
    return "\n\n".join(filter(None, [row["instruction"], given])), answer


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((DATA / "TRUTH.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def dumps(truth: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: positions(name) for name in truth["files"]}


@pytest.fixture(scope="module")
def clean(truth: dict[str, Any], dumps: dict[str, list[Any]]) -> list[tuple[str, str, str, Turns]]:
    """(task, language, family, turns) of each clean record."""
    return [
        (task, language, family, turns_of(dumps[name][line - 1]))
        for name, rows in truth["clean"].items()
        for line, task, language, family in rows
    ]


def grams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)} or {tuple(words)}


def instruction(turns: Turns) -> str:
    return "\n\n".join(turns[::2])


def test_regenerating_gives_the_committed_data(tmp_path: Path, truth: dict[str, Any]) -> None:
    command = [sys.executable, str(ROOT / "tools" / "make_sample_data.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "TRUTH.json").read_bytes() == (DATA / "TRUTH.json").read_bytes()
    assert sorted(p.name for p in RAW.iterdir()) == sorted(truth["files"])
    for name in truth["files"]:
        if name.endswith(".parquet"):  # the bytes may change with the version of polars, the rows may not
            assert pl.read_parquet(tmp_path / "raw" / name).equals(pl.read_parquet(RAW / name))
        else:
            assert text_of(name, tmp_path / "raw") == text_of(name), name


def test_counts_add_up(truth: dict[str, Any], dumps: dict[str, list[Any]]) -> None:
    for name, facts in truth["files"].items():
        rows = dumps[name]
        bad = {m["line"] for m in truth["malformed"] if m["file"] == name}
        faulty = {f["line"] for f in truth["faults"] if f["file"] == name}
        good = {row[0] for row in truth["clean"][name]}
        blank = {i for i, row in enumerate(rows, 1) if row is None}
        assert facts["lines"] == len(rows) == facts["blank"] + facts["rejects"] + facts["examples"]
        assert (facts["blank"], facts["rejects"]) == (len(blank), len(bad))
        assert sorted([*bad, *faulty, *good, *blank]) == list(range(1, len(rows) + 1)), "each position is one thing"
    assert sum(f["examples"] for f in truth["files"].values()) >= 4400
    assert len({(f["container"], f["format"]) for f in truth["files"].values()}) >= 5
    assert 15 <= len(truth["malformed"]) <= 20


def test_it_is_small() -> None:
    assert sum(p.stat().st_size for p in DATA.rglob("*") if p.is_file()) <= 5_000_000
    assert (DATA / "TRUTH.json").stat().st_size <= 1_000_000


def test_hand_written_examples_cover_types_and_languages(clean: list[tuple[str, str, str, Turns]]) -> None:
    hand = [x for x in clean if x[2].startswith("hand:")]
    assert len({" ".join(instruction(x[3]).split()).lower() for x in hand}) >= 400
    seen = {(task, language) for task, language, _, _ in hand}
    assert {task for task, _ in seen} == TASKS
    for language in LANGUAGES:
        assert {task for task, spoken in seen if spoken == language} == TASKS, language


def test_enough_clean_records_of_reasonable_length(clean: list[tuple[str, str, str, Turns]]) -> None:
    good = [
        x for x in clean if 5 <= len(instruction(x[3]).split()) <= 600 and 5 <= len(" ".join(x[3][1::2]).split()) <= 600
    ]
    assert len(good) >= 2800
    assert {x[0] for x in clean} == TASKS
    families = Counter(x[2] for x in clean if not x[2].startswith("hand:"))
    assert len(families) >= 60
    assert max(families.values()) <= 0.03 * len(clean)
    assert sum(len(x[3]) > 2 for x in clean) >= 100, "real conversations"


def test_clean_instructions_are_distinct(truth: dict[str, Any], clean: list[tuple[str, str, str, Turns]]) -> None:
    owners: dict[tuple[str, ...], list[int]] = {}
    sets = [grams(instruction(x[3])) for x in clean]
    shared: Counter[tuple[int, int]] = Counter()
    for number, one in enumerate(sets):
        for gram in one:
            shared.update((other, number) for other in owners.get(gram, ()))
            owners.setdefault(gram, []).append(number)
    limit = truth["shingles"]["clean_pairs_below"]
    worst = max(n / (len(sets[a]) + len(sets[b]) - n) for (a, b), n in shared.items())
    assert worst < limit <= 0.6


def test_inverted_index_agrees_with_all_pairs(clean: list[tuple[str, str, str, Turns]]) -> None:
    sets = [grams(instruction(x[3])) for x in clean[::20]]
    assert max(len(a & b) / len(a | b) for a, b in combinations(sets, 2)) < 0.6


def test_exact_duplicates_are_equal_after_folding(truth: dict[str, Any], dumps: dict[str, list[Any]]) -> None:
    pairs = [f for f in truth["faults"] if f["kind"] == "exact_duplicate"]
    assert 40 <= len(pairs) <= 60
    assert {f["detail"] for f in pairs} == {"bytes", "NFD", "white space"}
    for fault in pairs:
        both = [turns_of(dumps[x["file"]][x["line"] - 1]) for x in (fault, fault["of"])]
        folded = [[" ".join(unicodedata.normalize("NFC", t).split()) for t in turns] for turns in both]
        assert folded[0] == folded[1]
        assert (both[0] == both[1]) == (fault["detail"] == "bytes")


def test_near_duplicates_have_the_stated_similarity(truth: dict[str, Any], dumps: dict[str, list[Any]]) -> None:
    pairs = [f for f in truth["faults"] if f["kind"] == "near_duplicate"]
    assert 40 <= len(pairs) <= 60
    for fault in pairs:
        a, b = (instruction(turns_of(dumps[x["file"]][x["line"] - 1])) for x in (fault, fault["of"]))
        assert a != b
        assert fault["jaccard"] == pytest.approx(len(grams(a) & grams(b)) / len(grams(a) | grams(b)), abs=1e-6)
        assert fault["jaccard"] >= 0.7


def test_malformed_lines_are_malformed(truth: dict[str, Any], dumps: dict[str, list[Any]]) -> None:
    kinds = Counter(m["kind"] for m in truth["malformed"])
    assert {
        "bad_json", "missing_field", "null_content", "invalid_utf8", "duplicate_key", "nan", "wrong_role_order"
    } <= set(kinds)  # fmt: skip
    for item in truth["malformed"]:
        row, kind = dumps[item["file"]][item["line"] - 1], item["kind"]
        if kind in {"bad_json", "invalid_utf8"}:
            assert isinstance(row, bytes)
            assert kind == ("invalid_utf8" if b"\xe9" in row else "bad_json")
        elif kind in {"duplicate_key", "nan"}:
            line = text_of(item["file"]).split(b"\n")[item["line"] - 1]
            assert (line.count(b'"response"') == 2) if kind == "duplicate_key" else (b"NaN" in line)
        elif kind in {"missing_field", "null_content", "wrong_type"}:
            with contextlib.suppress(KeyError):
                assert not isinstance(turns_of(row)[-1], str)
        else:
            key = "role" if "messages" in row else "from"
            roles = [m[key] for m in row.get("messages", row.get("conversations"))]
            assert [{"human": "user", "gpt": "assistant"}.get(x, x) for x in roles] != ["user", "assistant"]


def test_planted_kinds_show_their_fault(truth: dict[str, Any], dumps: dict[str, list[Any]]) -> None:
    marks = {
        "mojibake": r"[ÃÂâ][\u0080-\u00bf€™œ“”‚ƒ„…†‡ˆ‰Š‹Œ–—˜š›žŸ]",
        "template_tokens": r"<\||\[/?INST\]|### (Response|Instruction):|_of_turn>",
        "html": r"<(p|div|ul|td|a|br)\b|&nbsp;",
        "disclaimer": r"(?i)\b(an? )?(AI|artificial intelligence|language model)\b",
        "provider": r"OpenAI|Anthropic|Google|Meta AI|Mistral AI",
        "empty": r"\A[\s\u200b]*\Z",
    }
    for fault in truth["faults"]:
        turns = turns_of(dumps[fault["file"]][fault["line"] - 1])
        answer = turns[-1]
        if fault["kind"] in marks:
            assert re.search(marks[fault["kind"]], answer), fault
        elif fault["kind"] == "prompt_echo":
            assert answer == turns[0]
        elif fault["kind"] == "unclosed_fence":
            assert answer.count("```") == 1
        elif fault["kind"] == "truncated":
            assert answer[-1].isalpha()
        elif fault["kind"] == "repetition":
            words = answer.split()
            assert len(set(words)) < 0.6 * len(words)
    for kind, count in truth["kinds"].items():
        assert 40 <= count <= 60, kind


def test_wrong_languages_are_outside_the_five(truth: dict[str, Any]) -> None:
    wrong = Counter(f["detail"] for f in truth["faults"] if f["kind"] == "wrong_language")
    assert not set(wrong) & LANGUAGES
    assert len(wrong) >= 4


def test_code_prints_what_its_answer_shows(clean: list[tuple[str, str, str, Turns]]) -> None:
    ran = 0
    for task, _, family, turns in clean:
        if task != "coding" or family.startswith(("hand:en", "hand:chats", "odd")):
            continue
        text = turns[0] + turns[1] if family == "predict_output" else turns[1]
        code, shown = (
            re.search(r"```python\n(.*?)\n```", text, re.DOTALL),
            re.search(r"```text\n(.*?)\n```", text, re.DOTALL),
        )
        if not code or not shown:
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(code[1], {"__name__": "__main__"})
        assert out.getvalue().rstrip("\n") == shown[1], turns
        ran += 1
    assert ran >= 300


def value_of(text: str) -> Fraction:
    """Plain arithmetic with + - * / ** and brackets, by a recursive-descent parser over fractions."""
    parts = re.findall(r"\d+|\*\*|[-+*/()]", text)

    def take(*which: str) -> str | None:
        return parts.pop(0) if parts and parts[0] in which else None

    def total() -> Fraction:
        value = product()
        while sign := take("+", "-"):
            value = value + product() if sign == "+" else value - product()
        return value

    def product() -> Fraction:
        value = power()
        while sign := take("*", "/"):
            value = value * power() if sign == "*" else value / power()
        return value

    def power() -> Fraction:
        if take("("):
            value = total()
            assert take(")")
        else:
            value = Fraction(int(parts.pop(0)))
        return value ** int(power()) if take("**") else value

    return total()


def test_bare_expressions_are_right(clean: list[tuple[str, str, str, Turns]]) -> None:
    rows = [turns for _, _, family, turns in clean if family == "bare_expression"]
    assert len(rows) >= 30
    for ask, answer in rows:
        expression = re.search(r"[(\d][-+*/()\d ]+[\d)]", ask)
        assert expression
        assert int(re.findall(r"-?\d+", answer)[-1]) == value_of(expression[0]), ask


def test_every_equation_in_an_answer_holds(clean: list[tuple[str, str, str, Turns]]) -> None:
    amount = r"€?(\d[\d,]*(?:\.\d+)?)"
    checked = 0
    for _, language, family, turns in clean:
        if language != "en" or family.startswith(("hand:", "odd")):
            continue
        for a, sign, b, c in re.findall(
            rf"(?<![×+−/(√] )(?<![\w.,]){amount} ([×+−]) {amount} = {amount}(?![\d/%²]| [×+−/])", turns[1]
        ):
            x, y, z = (Fraction(n.replace(",", "")) for n in (a, b, c))
            assert {"×": x * y, "+": x + y, "−": x - y}[sign] == pytest.approx(z, abs=0.006), turns
            checked += 1
    assert checked >= 300


def test_weekdays_by_zeller(clean: list[tuple[str, str, str, Turns]]) -> None:
    names = ["Saturday", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    rows = [turns for _, _, family, turns in clean if family == "weekday_of"]
    assert len(rows) >= 30
    for ask, answer in rows:
        found = re.search(r"(\d{4})-(\d\d)-(\d\d)", ask)
        assert found
        year, month, day = map(int, found.groups())
        if month < 3:
            year, month = year - 1, month + 12
        century, short = divmod(year, 100)
        weekday = (day + 13 * (month + 1) // 5 + short + short // 4 + century // 4 + 5 * century) % 7
        assert re.findall("|".join(names), answer)[-1] == names[weekday], ask


def test_day_counts_by_julian_day_number(clean: list[tuple[str, str, str, Turns]]) -> None:
    months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]

    def julian(day: int, month: int, year: int) -> int:
        a = (14 - month) // 12
        y, m = year + 4800 - a, month + 12 * a - 3
        return day + (153 * m + 2) // 5 + 365 * y + y // 4 - y // 100 + y // 400 - 32045

    assert julian(1, 1, 2000) - julian(1, 1, 1999) == (date(2000, 1, 1) - date(1999, 1, 1)).days
    rows = [turns for _, _, family, turns in clean if family == "days_between"]
    assert len(rows) >= 30
    for ask, answer in rows:
        both = re.findall(rf"(\d+) ({'|'.join(months)}) (\d{{4}})", ask)
        x, y = (julian(int(d), months.index(m) + 1, int(year)) for d, m, year in both)
        assert f" {y - x} days, or" in answer, ask


def test_number_bases_and_roman_numerals(clean: list[tuple[str, str, str, Turns]]) -> None:
    for _, _, family, (ask, answer, *_) in clean:
        if family == "bases" and (found := re.search(r"So (\d+) is (\w+) in (\w+)\.", answer)):
            base = {"binary": 2, "octal": 8, "hexadecimal": 16}[found[3]]
            assert int(found[2], base) == int(found[1]), ask
        if family == "roman_numerals" and (roman := re.search(r"\b[MDCLXVI]{2,}\b", ask)):
            values = [{"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}[c] for c in roman[0]]
            total = sum(-v if v < max(values[i:]) else v for i, v in enumerate(values))
            assert int(re.findall(r"\d+", answer)[-1]) == total
