"""Write `sample_data/`: raw dumps of instruction data with planted faults, and the truth about them.

Everything is written for this project: `tools/sample_source/*.jsonl` by hand, the rest by the families in
`tools/sample/`, whose answers are computed. The same source gives the same bytes.

    python tools/make_sample_data.py [--out DIR]
"""

# templates and word lists are kept as they will be printed; a word list is easier to read and to extend as one string
# ruff: noqa: E501, SIM905
from __future__ import annotations

import argparse
import importlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

from sample.core import LANGUAGES, MAX_JACCARD, SEED, TASKS, Distinct, Record, generate
from sample.dumps import DUMPS, Dump, Slot, lay_out, write
from sample.faults import Entry, exact_copies, near_copies, plant

#: The modules whose import registers families, in the order in which their records are made.
FAMILIES = (
    "arithmetic measures calendars schedules lists classify reading programs programs_more rewriting translating "
    "persona inventing dialogues foreign"
).split()
for _module in FAMILIES:
    importlib.import_module(f"sample.{_module}")

HERE = Path(__file__).resolve().parent
SPARE = 10
SYSTEMS = ("You are a helpful assistant.", "Answer briefly and correctly.", "You are a patient tutor.")


def read_lines(path: Path) -> list[dict[str, object]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def record_of(row: dict[str, object], family: str) -> Record:
    """A record from a hand-written line: instruction, input and response, or messages."""
    chat = row.get("messages")
    if isinstance(chat, list):
        system = chat[0]["content"] if chat[0]["role"] == "system" else ""
        turns = tuple(m["content"] for m in chat if m["role"] != "system")
    else:
        turns, system = (str(row["instruction"]), str(row["response"])), ""
    task, language = str(row["task"]), str(row["language"])
    if task not in TASKS:
        raise ValueError(f"{family}: unknown task {task}")
    return Record(task, language, turns, family, context=str(row.get("input") or ""), system=system)


def written_by_hand(distinct: Distinct) -> list[Entry]:
    """The records of `sample_source/` and the legitimate odd ones; refuses two that are nearly the same."""
    entries = []
    for path in sorted((HERE / "sample_source").glob("*.jsonl")):
        entries += [Entry(record_of(row, f"hand:{path.stem}")) for row in read_lines(path)]
    for row in read_lines(HERE / "sample" / "odd.jsonl"):
        entries.append(Entry(record_of(row, "odd"), odd=str(row["kind"])))
    for entry in entries:
        if not distinct.accept(entry.record.instruction):
            raise ValueError(f"{entry.record.family}: too near to another one: {entry.record.instruction[:90]}")
        if entry.record.language not in LANGUAGES:
            raise ValueError(f"{entry.record.family}: language {entry.record.language}")
    return entries


def all_entries() -> list[Entry]:
    """Clean records and faults, in no particular order yet."""
    random = Random(f"{SEED}:faults")
    distinct = Distinct()
    clean = written_by_hand(distinct)
    kept, spares = generate(distinct, spare=SPARE)
    clean += [Entry(x) for x in kept]
    foreign_texts = [record_of(row, "wrong_language") for row in read_lines(HERE / "sample" / "wrong_language.jsonl")]
    faults = [Entry(x, "wrong_language", x.language) for x in foreign_texts]
    faults += plant(random, spares)
    plain = [e for e in clean if not e.odd]
    faults += exact_copies(random, plain, 60)
    copied = {id(e.of) for e in faults if e.of is not None}
    faults += near_copies(random, [e for e in plain if id(e) not in copied], 60)
    return clean + faults


def assign(entries: list[Entry]) -> dict[str, list[Entry]]:
    """Spread the entries over the dumps; conversations go only where the format has turns."""
    random = Random(f"{SEED}:dumps")
    random.shuffle(entries)
    copied = {id(e.of) for e in entries if e.of is not None}
    out: dict[str, list[Entry]] = {d.name: [] for d in DUMPS}
    for entry in entries:
        chat = len(entry.record.turns) > 2
        options = [d for d in DUMPS if d.chats or not chat]
        dump = random.choices(options, [d.share for d in options])[0]
        if dump.format == "messages" and not (chat or entry.kind or id(entry) in copied) and random.random() < 0.1:
            entry.record = replace(entry.record, system=random.choice(SYSTEMS))
        out[dump.name].append(entry)
    return out


def fault_of(entry: Entry, file: str, line: int, places: dict[int, tuple[str, int]]) -> dict[str, object]:
    """What TRUTH.json says of a planted fault."""
    said: dict[str, object] = {"file": file, "line": line, "kind": entry.kind, "detail": entry.detail}
    said["language"] = entry.record.language
    if entry.of is not None:
        original = places[id(entry.of)]
        said["of"] = {"file": original[0], "line": original[1]}
    if entry.jaccard is not None:
        said["jaccard"] = entry.jaccard
    return said


def truth(laid: list[tuple[Dump, list[Entry], list[Slot]]]) -> dict[str, object]:
    """Everything that is known about the dumps."""
    places = {
        id(entries[slot.entry]): (dump.name, line)
        for dump, entries, slots in laid
        for line, slot in enumerate(slots, 1)
        if slot.entry is not None
    }
    files: dict[str, object] = {}
    clean: dict[str, list[list[object]]] = {}
    faults: list[dict[str, object]] = []
    odd: list[dict[str, object]] = []
    malformed: list[dict[str, object]] = []
    for dump, entries, slots in laid:
        rejects = sum(bool(s.malformed) for s in slots)
        files[dump.name] = {
            "container": dump.container,
            "format": dump.format,
            "lines": len(slots),
            "blank": dump.blank,
            "rejects": rejects,
            "examples": len(slots) - dump.blank - rejects,
        }
        clean[dump.name] = []
        for line, slot in enumerate(slots, 1):
            if slot.malformed:
                malformed.append({"file": dump.name, "line": line, "kind": slot.malformed})
            if slot.entry is None:
                continue
            entry = entries[slot.entry]
            if entry.kind:
                faults.append(fault_of(entry, dump.name, line, places))
                continue
            clean[dump.name].append([line, entry.record.task, entry.record.language, entry.record.family])
            if entry.odd:
                odd.append({"file": dump.name, "line": line, "kind": entry.odd})
    return {
        "schema": 1,
        "seed": SEED,
        "about": "Lines are 1-based positions: of the line in JSONL (blank ones count), of the element in a JSON array, "
        "of the row in CSV (without the header) and Parquet.",
        "shingles": {
            "text": "user turns joined by a blank line",
            "tokens": r"\w+ of the lower-cased NFC text",
            "n": 5,
            "clean_pairs_below": MAX_JACCARD,
        },
        "files": files,
        "kinds": dict(sorted(Counter(str(f["kind"]) for f in faults).items())),
        "malformed": malformed,
        "faults": faults,
        "odd": odd,
        "clean": clean,
    }


def compact(value: dict[str, object]) -> str:
    """JSON with one line for each entry of the lists and objects one level down."""

    def short(x: object) -> str:
        return json.dumps(x, ensure_ascii=False, separators=(",", ":"))

    def block(x: object) -> str:
        if isinstance(x, list) and x:
            return "[\n" + ",\n".join(short(y) for y in x) + "\n]"
        if isinstance(x, dict) and x and all(isinstance(y, list) for y in x.values()):
            return "{\n" + ",\n".join(f"{short(k)}:{block(y)}" for k, y in x.items()) + "\n}"
        return short(x)

    return "{\n" + ",\n".join(f"{short(k)}:{block(x)}" for k, x in value.items()) + "\n}\n"


def make(out: Path) -> dict[str, object]:
    """Write the dumps and TRUTH.json into `out`, and return the truth."""
    raw = out / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    spread = assign(all_entries())
    laid = []
    for dump in DUMPS:
        entries = spread[dump.name]
        slots = lay_out(dump, [e.record for e in entries], Random(f"{SEED}:{dump.name}"))
        write(dump, slots, raw)
        laid.append((dump, entries, slots))
    result = truth(laid)
    (out / "TRUTH.json").write_text(compact(result), encoding="utf-8")
    return result


def main(arguments: Iterable[str] | None = None) -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description="Write the sample dumps and the truth about them.")
    parser.add_argument("--out", type=Path, default=HERE.parent / "sample_data", help="folder to write into")
    options = parser.parse_args(None if arguments is None else list(arguments))
    result = make(options.out)
    print(json.dumps({"files": result["files"], "kinds": result["kinds"]}, indent=1))


if __name__ == "__main__":
    main()
