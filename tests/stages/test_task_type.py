"""The task rules on instructions written for this test, and on labelled sets where they are at hand."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curate.algorithms.task_features import BUCKETS, hashed
from curate.algorithms.task_model import FILE, read, shipped, write
from curate.algorithms.task_rules import TABLE, TASKS
from curate.stages.annotate.task_type import TaskType, evidence

TRUTH = Path(__file__).parents[2] / ".." / "shared" / "data" / "truth" / "task_labels.parquet"

PARAGRAPH = (
    "The lighthouse on Gull Rock was built in 1871 after two grain ships ran aground in the same winter. Its first "
    "keeper, Maren Dahl, lived there with her brother for thirty years and kept a diary of every storm. The lamp was "
    "electrified in 1934, and the last keeper left in 1979. Today the tower is a small museum."
)

# (type, instruction, response)
CASES = [
    (
        "coding",
        "Write a Python function that returns the second largest number in a list.",
        "def second(xs):\n    return sorted(set(xs))[-2]",
    ),
    (
        "coding",
        'Why does this loop never end?\n\nwhile (i < 10) {\n  printf("%d", i);\n}',
        "Because i is never increased.",
    ),
    (
        "coding",
        "Write an SQL query that counts the orders of each customer.",
        "SELECT customer, COUNT(*) FROM orders GROUP BY customer;",
    ),
    (
        "coding",
        "Translate this function to Rust.\n\ndef add(a, b):\n    return a + b",
        "fn add(a: i32, b: i32) -> i32 { a + b }",
    ),
    (
        "coding",
        "Schreibe eine Funktion in Python, die prüft, ob ein Wort ein Palindrom ist.",
        "def palindrom(wort):\n    return wort == wort[::-1]",
    ),
    ("coding", "Escribe un programa en Java que imprima los números pares hasta cien.", "public class Pares {}"),
    ("coding", "How do I center a div with CSS?", "Use flexbox:\n\n```css\n.box { display: flex; }\n```"),
    (
        "math",
        "A baker fills 12 trays with 18 rolls each and sells 150 rolls. How many rolls are left?",
        "12 * 18 = 216 and 216 - 150 = 66.",
    ),
    ("math", "What is 17 * 23?", "391"),
    ("math", "Solve for x: 4x - 7 = 21", "x = 7"),
    ("math", "Calculate the area of a circle with a radius of 5 cm.", "About 78.54 square centimetres."),
    ("math", "Ein Zug fährt 240 km in 3 Stunden. Wie viele Kilometer fährt er in einer Stunde?", "240 / 3 = 80"),
    ("math", "Un jardinier plante 8 rangées de 15 tulipes. Combien de tulipes plante-t-il ?", "8 x 15 = 120"),
    ("math", "Ana tiene 45 canicas y regala un tercio de ellas. ¿Cuántas canicas le quedan?", "45 - 15 = 30"),
    (
        "translation",
        "Translate the following sentence into German: The bridge is closed on Sundays.",
        "Die Brücke ist sonntags geschlossen.",
    ),
    ("translation", "How do you say 'where is the pharmacy' in Portuguese?", "Onde fica a farmácia?"),
    (
        "translation",
        "Übersetze den Satz ins Englische: Der Hund schläft unter dem Tisch.",
        "The dog sleeps under the table.",
    ),
    ("translation", "Traduis cette phrase en espagnol : Il pleut depuis trois jours.", "Llueve desde hace tres días."),
    ("translation", "Traduce al inglés: No encuentro mi paraguas.", "I can't find my umbrella."),
    (
        "translation",
        "Please translate this poem to French.\n\nSnow on the roof, a cat on the sill.",
        "De la neige sur le toit, un chat au rebord.",
    ),
    ("summarization", f"Summarize the text below in one sentence.\n\n{PARAGRAPH}", "A lighthouse became a museum."),
    ("summarization", f"{PARAGRAPH}\n\nTL;DR", "An old lighthouse is now a museum."),
    (
        "summarization",
        f"What are the main points of this article?\n\n{PARAGRAPH}",
        "It was built, electrified, and left.",
    ),
    ("summarization", f"Fasse den folgenden Text kurz zusammen.\n\n{PARAGRAPH}", "Ein Leuchtturm wurde ein Museum."),
    ("summarization", f"Résume ce texte en deux phrases.\n\n{PARAGRAPH}", "Un phare est devenu un musée."),
    ("summarization", f"Resume el siguiente texto.\n\n{PARAGRAPH}", "Un faro es hoy un museo."),
    (
        "rewriting",
        "Rewrite this sentence in a more formal tone: Gimme the report by noon.",
        "Please send me the report by noon.",
    ),
    ("rewriting", "Correct the grammar of this sentence: She don't has no keys.", "She doesn't have any keys."),
    ("rewriting", f"Simplify the paragraph for ten-year-olds.\n\n{PARAGRAPH}", "Long ago people built a big lamp."),
    ("rewriting", "Can you paraphrase 'The early bird catches the worm'?", "Those who start early have an edge."),
    ("rewriting", "Formuliere den Satz höflicher um: Mach das Fenster zu.", "Würden Sie bitte das Fenster schließen?"),
    ("rewriting", "Corrige les fautes dans cette phrase : Il a manger une pommes.", "Il a mangé une pomme."),
    ("extraction", f"Extract all years from the passage.\n\n{PARAGRAPH}", "1871, 1934, 1979"),
    ("extraction", f"List the people mentioned in the text.\n\n{PARAGRAPH}", "- Maren Dahl\n- her brother"),
    ("extraction", f"Give me a comma separated list of the dates.\n\n{PARAGRAPH}", "1871, 1934, 1979"),
    ("extraction", f"Extrahiere alle Namen aus dem Text.\n\n{PARAGRAPH}", "Maren Dahl"),
    (
        "classification",
        "Classify each animal as a mammal or a bird: otter, heron, badger, wren",
        "Otter: mammal\nHeron: bird",
    ),
    (
        "classification",
        "Is the sentiment of this review positive or negative? The soup was cold and the waiter rude.",
        "Negative",
    ),
    (
        "classification",
        "Identify which instrument is woodwind or brass: oboe, tuba",
        "Oboe is woodwind, tuba is brass.",
    ),
    ("classification", "Which of these is not a planet: Mars, Pluto, Venus, Saturn?", "Pluto"),
    ("classification", "Ordne die Wörter nach Wortart: laufen, Haus, schön", "Verb, Nomen, Adjektiv"),
    (
        "classification",
        "Clasifica estos alimentos como frutas o verduras: manzana, zanahoria, pera",
        "manzana: fruta\nzanahoria: verdura",
    ),
    (
        "roleplay",
        "You are a grumpy dragon who has lost his gold. Greet the knight at your door.",
        "Who knocks? Go away!",
    ),
    ("roleplay", "Pretend to be my history teacher and scold me for being late.", "Late again, I see."),
    (
        "roleplay",
        "As a retired pirate captain, recommend a holiday destination to a young couple.",
        "Arr, try Tortuga.",
    ),
    ("roleplay", "I want you to act as a job interviewer. Ask me one question at a time.", "Tell me about yourself."),
    ("roleplay", "Stell dir vor, du bist ein Astronaut auf dem Mars. Was siehst du?", "Roten Staub."),
    ("roleplay", "Tu es un chef cuisinier célèbre. Présente ton plat du jour.", "Bonsoir !"),
    ("creative_writing", "Write a short story about a clock that runs backwards.", "Once upon a time..."),
    ("creative_writing", "Compose a haiku about fog.", "Grey breath on the hill"),
    ("creative_writing", "Draft an email to my landlord about the broken heater.", "Dear Ms. Quist, ..."),
    ("creative_writing", "Schreibe ein Gedicht über den ersten Schnee.", "Leise fällt der Schnee"),
    ("creative_writing", "Écris une lettre de remerciement à une infirmière.", "Chère Madame,"),
    ("creative_writing", "Escribe un cuento corto sobre un gato que sabe leer.", "Había una vez"),
    ("brainstorming", "Brainstorm names for a bakery run by two sisters.", "- Twin Crumbs\n- Flour Sisters"),
    ("brainstorming", "Give me five ideas for a rainy day with toddlers.", "1. Finger paint\n2. A blanket fort"),
    ("brainstorming", "What are some ways to reuse glass jars?", "- As vases\n- For buttons"),
    (
        "brainstorming",
        "Nenne drei Gründe, mit dem Fahrrad zur Arbeit zu fahren.",
        "1. Gesundheit\n2. Kosten\n3. Umwelt",
    ),
    ("brainstorming", "Donne-moi cinq idées de cadeaux pour un grand-père.", "1. Un livre"),
    ("brainstorming", "Dame tres ejemplos de deportes de invierno.", "esquí, trineo, patinaje"),
    ("open_qa", "Who invented the printing press?", "Johannes Gutenberg."),
    ("open_qa", "Why is the sky dark at night?", "Because the universe is finite in age."),
    ("open_qa", "Explain how vaccines work.", "They train the immune system."),
    ("open_qa", "Warum haben Zebras Streifen?", "Vermutlich gegen Fliegen."),
    ("open_qa", "Quelle est la capitale de l'Australie ?", "Canberra."),
    ("open_qa", "¿Cuándo cayó el muro de Berlín?", "En 1989."),
    ("open_qa", "Qual é o rio mais longo da África?", "O Nilo."),
    ("open_qa", "Perché il mare è salato?", "Per i sali minerali."),
    ("closed_qa", f"When did the last keeper leave?\n\n{PARAGRAPH}", "In 1979."),
    ("closed_qa", f"Based on the passage, who was the first keeper?\n\n{PARAGRAPH}", "Maren Dahl."),
    ("closed_qa", f"{PARAGRAPH}\n\nWhat is the tower used for today?", "It is a museum."),
    ("closed_qa", f"Wer war die erste Wärterin?\n\n{PARAGRAPH}", "Maren Dahl."),
    ("advice", "Should I repaint my old bike or buy a new one?", "It depends on the frame."),
    ("advice", "Any tips for falling asleep faster?", "Keep the room cool."),
    ("advice", "Create a four-week training plan for my first 10k run.", "Week 1: run three times."),
    ("advice", "I have a job interview tomorrow and I am nervous. What can I do?", "Prepare three stories."),
    ("advice", "Soll ich mein Geld lieber anlegen oder Schulden tilgen?", "Meist erst Schulden tilgen."),
    ("advice", "Plane eine dreitägige Reise nach Lissabon.", "Tag 1: Alfama"),
    ("advice", "¿Debería aceptar un trabajo lejos de casa?", "Depende de tus prioridades."),
]


def _frame(instructions: list[str], responses: list[str]) -> pl.DataFrame:
    count = len(instructions)
    return pl.DataFrame(
        {
            "row": pl.Series(range(count), dtype=pl.UInt64),
            "id": [f"r{i}" for i in range(count)],
            "instruction": pl.Series(instructions, dtype=pl.String),
            "response": pl.Series(responses, dtype=pl.String),
        }
    )


def _cases() -> pl.DataFrame:
    return _frame([case[1] for case in CASES], [case[2] for case in CASES])


def test_planted_types() -> None:
    """Written for this test, in six languages; nothing here was fitted on. Some are two types at once."""
    assert len(CASES) >= 60
    assert {case[0] for case in CASES} == set(TASKS)
    out = TaskType().apply(_cases())
    wrong = [
        (instruction[:60], expected, found)
        for (expected, instruction, _), found in zip(CASES, out["task_type"], strict=True)
        if expected != found
    ]
    assert len(wrong) <= 0.06 * len(CASES), wrong


def test_every_entry_names_a_known_task_and_view() -> None:
    for entry in TABLE:
        assert entry.task in TASKS
        assert entry.view in {"opening", "request", "text", "response", "exchange"}
        assert entry.given in {"anything", "context", "bare"}
        # Only prose where code or figures might stand speaks against a type.
        assert entry.weight > 0 or (entry.task in {"coding", "math"} and entry.view == "exchange" and entry.weight < 0)
        assert not re.search(r"<[A-Z_]+>|\(\?[=!<]", entry.pattern), entry


def _python_oracle(instruction: str, response: str) -> dict[str, float]:
    """The sum of the rules for each type again, in plain Python; only the table is shared."""
    from curate.algorithms.task_rules import CONTEXT_CHARS, POLITE

    def strip(text: str) -> str:
        return text.strip()

    text = strip(re.sub(POLITE, "", strip(instruction.replace("\u2019", "'").replace("\u2018", "'").lower()), count=1))
    lines = text.split("\n")
    first, last = strip(lines[0]), lines[-1]
    views = {
        "opening": first[:400],
        "request": first[:400] + "\n" + last[-400:],
        "text": text[:2000],
        "response": strip(response)[:2000].lower(),
    }
    views["exchange"] = f"{views['opening']}\n{views['response']}"
    context = len(text) - len(first) >= CONTEXT_CHARS
    context |= len(lines) > 1 and len(first) >= CONTEXT_CHARS and last.rstrip().endswith("?")
    sums = dict.fromkeys(TASKS, 0.0)
    for entry in TABLE:
        given = {"anything": True, "context": context, "bare": not context}[entry.given]
        # Python takes flags such as (?m) only at the front of a pattern, and no ^ that it did not move there.
        flags = re.MULTILINE if "(?m)" in entry.pattern else 0
        flags |= re.DOTALL if "(?s)" in entry.pattern else 0
        pattern = entry.pattern.replace("(?m)", "").replace("(?s)", "")
        if given and re.search(pattern, views[entry.view], flags):
            sums[entry.task] += entry.weight
    return sums


def test_rules_against_plain_python() -> None:
    seen = evidence(_cases()["instruction"], _cases()["response"])
    for (_, instruction, response), found in zip(CASES, seen.rules, strict=True):
        assert dict(zip(TASKS, found, strict=True)) == pytest.approx(_python_oracle(instruction, response))


def _fnv(word: str) -> int:
    value = 0xCBF29CE484222325
    for byte in word.encode():
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return value


def _bucket(value: int, kind: int) -> int:
    factor = 0x9E3779B97F4A7C15
    mixed = ((value ^ kind) * factor) % 2**64
    mixed = ((mixed ^ (mixed >> 32)) * factor) % 2**64
    return (mixed >> 32) % BUCKETS


def _python_features(request: str, opening: str, context: bool) -> list[set[int]]:
    """The hashed columns of one text, from the description in the module, in plain Python."""
    factor = 0x9E3779B97F4A7C15
    pattern = r"[a-zA-Z0-9'+#\x80-\U0010ffff]+|[?:]"
    asked = [_fnv(word) for word in re.findall(pattern, request)]
    words = {_bucket(word, 1) for word in asked}
    words |= {_bucket((a * factor) % 2**64 ^ b, 2) for a, b in itertools.pairwise(asked)}
    heads: set[int] = set()
    joined = 0xCBF29CE484222325
    for place, word in enumerate([_fnv(w) for w in re.findall(pattern, opening)][:4]):
        heads |= {_bucket(word, 10 + place), _bucket(word, 20 + context)}
        joined = ((joined ^ word) * factor) % 2**64
        if place in (1, 2):
            heads.add(_bucket(joined, 30 + place))
    plain = b" " + b"".join(
        bytes([b]) if b >= 0x80 or chr(b).isalnum() or chr(b) in "'+#" else b" " for b in opening.encode()
    )
    runs = [plain[i : i + 4] for i in range(min(len(plain) - 3, 121 - 3))]
    chars = set()
    for run in runs:
        value = 0xCBF29CE484222325
        for byte in run:
            value = ((value ^ byte) * 0x100000001B3) % 2**64
        chars.add(_bucket(value, 40))
    return [words, heads, chars]


def test_hashed_features_against_plain_python() -> None:
    seen = evidence(_cases()["instruction"], _cases()["response"])
    features = hashed(seen.requests, seen.openings, seen.context)
    for n, (request, opening, context) in enumerate(zip(seen.requests, seen.openings, seen.context, strict=True)):
        for group, expected in enumerate(_python_features(request, opening, bool(context))):
            low, high = features.starts[3 * n + group], features.starts[3 * n + group + 1]
            assert features.columns[low:high].tolist() == sorted(expected), (request, group)


def test_probability_against_plain_python() -> None:
    """The whole sum again: rules, signs and hashed words, then the softmax."""
    model = shipped()
    seen = evidence(_cases()["instruction"], _cases()["response"])
    out = TaskType(min_confidence=0).apply(_cases())
    for n, (request, opening) in enumerate(zip(seen.requests, seen.openings, strict=True)):
        total = model.bias + model.rule_weight * seen.rules[n] + seen.signs[n] @ model.signs
        for columns in _python_features(request, opening, bool(seen.context[n])):
            at = sorted(columns)
            norm = math.sqrt(math.fsum(float(model.idf[c]) ** 2 for c in at))
            for c in at:
                total = total + model.step * float(model.idf[c]) / max(norm, 1e-300) * model.words[c].astype(float)
        weight = [math.exp(v / model.temperature) for v in total]
        share = [w / math.fsum(weight) for w in weight]
        assert out["task_confidence"][n] == pytest.approx(max(share), abs=2e-6)
        assert out["task_type"][n] == TASKS[share.index(max(share))]


def test_weights_are_small_and_hold_no_objects() -> None:
    assert FILE.stat().st_size <= 3_000_000
    with np.load(FILE, allow_pickle=False) as data:
        assert all(data[name].dtype != object for name in data.files)
    assert TaskType().content_key()["model"] == shipped().sha256


def test_a_model_survives_its_file(tmp_path: Path) -> None:
    model = shipped()
    write(tmp_path / "weights.npz", model)
    assert (tmp_path / "weights.npz").read_bytes() == FILE.read_bytes()
    other = dataclasses.replace(model, words=model.words[:100])
    write(tmp_path / "small.npz", other)
    with pytest.raises(ValueError, match="not a model"):
        read(tmp_path / "small.npz")


def test_nothing_to_go_by() -> None:
    out = TaskType().apply(_frame(["", "zzz qqq", "\u00a0\n\n", "🙂"], [""] * 4))
    assert out.null_count().row(0) == (0, 0, 0)
    assert (out["task_confidence"] < 0.9).all()
    assert set(out["task_type"]) <= {*TASKS, "other"}


@pytest.mark.parametrize("least", [0.0, 0.5, 0.9, 1.0])
def test_other_is_what_is_below_the_confidence(least: float) -> None:
    every = TaskType(min_confidence=0).apply(_cases())
    some = TaskType(min_confidence=least).apply(_cases())
    assert some["task_confidence"].to_list() == every["task_confidence"].to_list()
    for named, found, confidence in zip(every["task_type"], some["task_type"], every["task_confidence"], strict=True):
        assert found == ("other" if confidence < least else named)


def test_polite_phrases_do_not_matter() -> None:
    bare = ["Summarize the plot of Hamlet.", "Write a haiku about fog.", "Translate 'good night' into Greek."]
    polite = [f"Hi there! Could you please {text[0].lower()}{text[1:]}" for text in bare]
    out = TaskType().apply(_frame(bare + polite, [""] * 6))
    assert out["task_type"][:3].to_list() == out["task_type"][3:].to_list()
    assert out["task_confidence"][:3].to_list() == out["task_confidence"][3:].to_list()


def test_same_for_any_split_and_order() -> None:
    frame = _cases()
    whole = TaskType().apply(frame)
    for size in (7, 40):
        parts = pl.concat([TaskType().apply(part) for part in frame.iter_slices(size)])
        assert parts.equals(whole)
    assert TaskType().apply(frame.reverse()).sort("row").equals(whole)
    assert TaskType().apply(frame[3:4]).equals(whole[3:4])
    assert TaskType().apply(frame.clear()).height == 0


def _truth() -> pl.DataFrame:
    """source, task, instruction and response of labelled records that nothing was fitted on."""
    names = {"math_reasoning": "math", "roleplay_chat": "roleplay", "planning_advice": "advice"}
    names |= {"information_extraction": "extraction", "general_qa": "open_qa"}
    records = pl.read_parquet(TRUTH).filter(pl.col("task") != "")
    fitted = set(records.filter(source="dolly")["instruction"])
    lines = (TRUTH.parents[1] / "raw" / "dolly_1k5.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [("dolly", d["category"], d["instruction"], d["context"], d["response"]) for d in map(json.loads, lines)]
    rows = [row for row in rows if row[2] not in fitted]
    others = records.filter(pl.col("source").is_in(["autoj_train", "autoj_test", "codealpaca"]))
    rows += others.select("source", "task", "instruction", "input", "output").rows()
    return pl.DataFrame(
        [(source, names.get(task, task), f"{a}\n\n{b}" if b else a, answer) for source, task, a, b, answer in rows],
        schema=["source", "task", "instruction", "response"],
        orient="row",
    )


def test_labelled_sets() -> None:
    """Records that nothing was fitted on: those of Dolly that are not among the labelled ones, and whole sets."""
    if not TRUTH.exists():
        pytest.skip("needs ../shared/data/truth/task_labels.parquet")
    records = _truth()
    out = TaskType(min_confidence=0).apply(_frame(records["instruction"].to_list(), records["response"].to_list()))
    right = (records["task"] == out["task_type"]).to_numpy()
    source = records["source"].to_numpy()
    autoj = np.isin(source, ["autoj_train", "autoj_test"])
    assert right[source == "dolly"].mean() >= 0.80
    assert right[autoj].mean() >= 0.70
    assert right.mean() >= 0.75
    sure = out["task_confidence"].to_numpy() >= 0.9
    assert right[sure & (autoj | (source == "dolly"))].mean() >= 0.85
