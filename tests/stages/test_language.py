"""The stage `language`: what it calls undetermined, which side it reads, and that nothing depends on the split."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from curate.schema import SEPARATOR
from curate.stages.annotate.language import Language

RAW = Path(__file__).parents[2] / ".." / "shared" / "data" / "raw"

CODE = {
    "python": "import os\n\ndef sizes(folder):\n    total = 0\n    for name in os.listdir(folder):\n        total += os.path.getsize(name)\n    return total\n\nprint(sizes('.'))",
    "python_class": "class Queue:\n    def __init__(self):\n        self.items = []\n\n    def push(self, item):\n        self.items.append(item)\n\n    @property\n    def size(self):\n        return len(self.items)",
    "javascript": "const total = prices.reduce((sum, price) => sum + price, 0);\nfunction show(value) {\n  console.log(value);\n}\nshow(total);",
    "promise": "fetch(address)\n  .then(response => response.json())\n  .then(data => console.log(data))\n  .catch(error => console.error(error));",
    "java": "public class Main {\n    public static void main(String[] args) {\n        int counter = 0;\n        while (counter < 10) {\n            counter++;\n        }\n        System.out.println(counter);\n    }\n}",
    "c": "#include <stdio.h>\n\nint main(void) {\n    char letter = 'a';\n    printf(\"%c\", letter);\n    return 0;\n}",
    "sql": "SELECT customer.name, COUNT(*) AS orders\nFROM customer\nJOIN purchase ON purchase.customer = customer.id\nWHERE purchase.year = 2020\nGROUP BY customer.name\nORDER BY orders DESC;",
    "sql_lower": "select name, price from products where price > 10;",
    "html": '<!DOCTYPE html>\n<html>\n<head><link rel="stylesheet" href="style.css"></head>\n<body>\n<div class="container" id="main"></div>\n</body>\n</html>',
    "css": ".container {\n  display: flex;\n  justify-content: center;\n  background-color: #ffffff;\n}",
    "json": '{\n  "name": "lamp",\n  "colour": "green",\n  "sizes": ["small", "large"],\n  "shipping": {\n    "country": "Norway"\n  }\n}',
    "shell": '#!/bin/bash\n\nfilename="$1"\nif [ -f "$filename" ]; then\n    lines=$(wc -l < "$filename")\n    echo "$lines"\nfi',
    "fenced": "```\nany text at all between the fences is taken to be literal, not prose\n```",
    "unclosed": "```python\nvalue = compute(everything)\nanother line that never ends",
}
TABLES = {
    "markdown": "| planet | moons | colour |\n|---|---|---|\n| Mars | two small ones | red |\n| Saturn | very many | yellow |",
    "two_columns": "Name | Profession\nAda | mathematician\nGrace | computer scientist\nMary | fossil collector",
    "csv": "name,height,country\nEverest,8849,Nepal\nAconcagua,6961,Argentina\nDenali,6190,Alaska",
    "tabs": "name\theight\tcountry\nEverest\t8849\tNepal\nAconcagua\t6961\tArgentina",
    "numbers": "12 15 18 22\n7 9 11 13\n100 200 300 400",
}
PROSE = {
    "en": "The ferry leaves at six in the morning; if you miss it, there is another one at noon (weather permitting). Bring a coat.",
    "de": "Die Fähre legt um sechs Uhr morgens ab; wer sie verpasst, nimmt die nächste am Mittag (wenn das Wetter es zulässt).",
    "fr": "Le bac part à six heures du matin ; si vous le manquez, il y en a un autre à midi (si le temps le permet).",
    "es": "El transbordador sale a las seis de la mañana; si lo pierdes, hay otro al mediodía (si el tiempo lo permite).",
    "pl": "Prom odpływa o szóstej rano; kto się spóźni, może popłynąć następnym w południe, jeśli pogoda na to pozwoli.",
    "ja": "フェリーは朝の六時に出ます。乗り遅れたら、正午にもう一便あります。",
    "ru": "Паром отходит в шесть утра; если вы опоздаете, следующий будет в полдень, если позволит погода.",
    "ar": "تغادر العبارة في السادسة صباحا، وإذا فاتتك فهناك عبارة أخرى عند الظهر إذا سمح الطقس بذلك.",
}
#: Prose with something of the look of code: none of it may become undetermined.
LOOKALIKES = [
    "Select the word that does not belong to the group and tell me why you think so.",
    "Import duties rose last year, from four percent to nearly seven, which hurt small shops most of all.",
    "Return the book to the library before Friday, or else you will have to pay a fine.",
    "While the soup is simmering, chop the herbs:\nparsley, dill and a little mint make it fresh.",
    "Dear Sir or Madam;\nI write to you about the broken street lamp;\nit has been dark for three weeks now;\nplease repair it.",
    "The price rose by 5% = roughly two euros, said the baker, and she does not expect it to fall again.",
    "- Wash the potatoes\n- Peel them carefully\n- Boil them in salted water for twenty minutes",
    "P(A|B) is read as the probability of A given B, and it is defined whenever B can happen at all.",
    "For example, if you toss a coin twice, there are four outcomes: two of them show exactly one head.",
]


def _frame(instructions: list[str], responses: list[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": pl.Series(range(len(instructions)), dtype=pl.UInt64),
            "id": [f"r{i}" for i in range(len(instructions))],
            "instruction": pl.Series(instructions, dtype=pl.String),
            "response": pl.Series(responses, dtype=pl.String),
        }
    )


def _responses(texts: list[str], **parameters: object) -> list[str]:
    stage = Language(on="response", **parameters)  # type: ignore[arg-type]
    return stage.apply(_frame([""] * len(texts), texts))["language"].to_list()


@pytest.mark.parametrize("name", [*CODE, *TABLES])
def test_code_and_tables_are_undetermined(name: str) -> None:
    text = {**CODE, **TABLES}[name]
    assert _responses([text, text.replace("\n", "\r\n")]) == ["und", "und"]


def test_prose_is_not() -> None:
    assert _responses(list(PROSE.values())) == list(PROSE)


def test_prose_that_looks_like_code_is_not() -> None:
    assert _responses(LOOKALIKES) == ["en"] * len(LOOKALIKES)


def test_a_request_in_words_tells_the_language_of_code() -> None:
    asks = {
        "en": "Write a program that adds up the sizes of all the files in a folder.",
        "de": "Schreibe ein Programm, das die Größen aller Dateien eines Ordners zusammenzählt.",
    }
    frame = _frame(list(asks.values()), [CODE["python"]] * 2)
    assert Language().apply(frame)["language"].to_list() == ["en", "de"]
    assert Language(on="instruction").apply(frame)["language"].to_list() == ["en", "de"]
    assert Language(on="response").apply(frame)["language"].to_list() == ["und", "und"]
    assert Language(min_prose=0.9).apply(frame)["language"].to_list() == ["und", "und"]


def test_few_letters() -> None:
    assert _responses(["", "42", "x = 7", "https://example.org/", "Yes.", "\U0001f600 \U0001f600"]) == ["und"] * 6
    texts = ["only nineteen letter", "only twenty letters ok"]  # 18 and 19 letters
    assert [sum(map(str.isalpha, text)) for text in texts] == [18, 19]
    assert [language == "und" for language in _responses(texts, min_letters=20)] == [True, True]
    assert [language == "und" for language in _responses(texts, min_letters=19)] == [True, False]
    assert [language == "und" for language in _responses(texts, min_letters=18)] == [False, False]


def test_both_sides_count() -> None:
    frame = _frame(["Ja?", PROSE["en"]], [PROSE["de"], "Sì."])
    assert Language().apply(frame)["language"].to_list() == ["de", "en"]
    assert Language(on="instruction").apply(frame)["language"].to_list() == ["und", "en"]


def test_undetermined_has_no_confidence() -> None:
    out = Language(on="response").apply(_frame([""] * 3, ["", CODE["sql"], PROSE["fr"]]))
    assert out.columns == ["row", "language", "language_confidence"]
    assert out["language_confidence"][:2].to_list() == [0.0, 0.0]
    assert out["language_confidence"][2] > 0.99
    assert out.null_count().sum_horizontal().item() == 0


def test_confidence_falls_with_length() -> None:
    words = [
        "the",
        "neighbour's",
        "orange",
        "cat",
        "was",
        "sleeping",
        "under",
        "the",
        "kitchen",
        "table",
        "all",
        "day",
        "long",
    ]
    texts = [" ".join(words[:count]) for count in (1, 4, len(words))]
    scores = Language(on="response", min_letters=1).apply(_frame([""] * 3, texts))["language_confidence"].to_list()
    assert scores[0] < scores[2]
    assert scores[2] > 0.999


def test_same_for_any_split_and_order() -> None:
    texts = [*CODE.values(), *TABLES.values(), *PROSE.values(), *LOOKALIKES, ""]
    frame = _frame(texts, texts[::-1])
    whole = Language().apply(frame)
    for size in (1, 2, 7):
        assert pl.concat([Language().apply(part) for part in frame.iter_slices(size)]).equals(whole)
    assert Language().apply(frame.reverse()).sort("row").equals(whole)
    assert Language().apply(frame.clear()).height == 0


def test_parameters_are_checked() -> None:
    with pytest.raises(ValidationError, match="min_letters"):
        Language(min_letters=0)
    with pytest.raises(ValidationError, match="on"):
        Language(on="input")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def alpaca() -> pl.DataFrame:
    path = RAW / "alpaca_9k.json"
    if not path.exists():
        pytest.skip("needs ../shared/data/raw/alpaca_9k.json")
    records = json.loads(path.read_text(encoding="utf-8"))
    asks = [f"{r['instruction']}{SEPARATOR}{r['input']}" if r["input"] else r["instruction"] for r in records]
    return _frame(asks, [r["output"] for r in records])


def test_real_records_are_rarely_undetermined(alpaca: pl.DataFrame) -> None:
    out = Language().apply(alpaca)
    assert (out["language"] == "und").mean() < 0.004
    assert (out["language"] == "en").mean() > 0.99


def test_agrees_with_seeded_langdetect(alpaca: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    from langdetect import DetectorFactory, detect, detector_factory

    detector_factory.init_factory()
    monkeypatch.setattr(DetectorFactory, "seed", 0)
    monkeypatch.setattr(detector_factory._factory, "seed", 0)
    sample = alpaca.gather_every(9, offset=4)
    out = Language().apply(sample)
    texts = [SEPARATOR.join(pair) for pair in zip(sample["instruction"], sample["response"], strict=True)]
    pairs = [(got, detect(text)) for got, text in zip(out["language"], texts, strict=True) if got != "und"]
    assert len(pairs) > 1000
    assert sum(got == expected for got, expected in pairs) >= 0.995 * len(pairs)


def test_real_code_is_undetermined() -> None:
    path = RAW / "code_alpaca.json"
    if not path.exists():
        pytest.skip("needs ../shared/data/raw/code_alpaca.json")
    records = json.loads(path.read_text(encoding="utf-8"))
    texts = [record.get("output") or record.get("response") or "" for record in records]
    found = pl.Series(_responses(texts))
    # What is left are explanations of code, and code with long comments, in English.
    assert found.is_in(["und", "en"]).mean() > 0.97
    assert (found == "und").mean() > 0.8
