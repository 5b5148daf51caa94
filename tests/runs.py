"""A small dump with planted faults, and ways to run `curate` over it: in this process, or in one of its own."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.helpers import ROOT

Messages = list[dict[str, str]]

#: The recipe of most tests: a gate, both kinds of repeats, and a choice; nothing in it needs a model.
LIGHT = """\
name: light
seed: 3
stages:
  - stage: length_filter
    min_response_chars: 12
  - stage: text_stats
  - stage: exact_dedup
  - stage: minhash_dedup
    on: instruction
    keep_by: length_score
  - stage: random_sample
    size: 40
"""
OUTPUTS = {"README.md", "examples.parquet", "ledger.parquet", "manifest.json", "rejects.jsonl", "train.jsonl"}

_NOUNS = [
    "lantern",
    "harbour",
    "orchard",
    "bicycle",
    "kettle",
    "ledger",
    "violin",
    "glacier",
    "beehive",
    "compass",
    "market",
    "tunnel",
    "garden",
    "bridge",
    "bakery",
    "library",
    "printer",
    "turbine",
    "pasture",
    "mosaic",
    "river",
    "quarry",
    "chapel",
    "rocket",
    "tractor",
    "canvas",
    "anchor",
    "basket",
    "chimney",
    "meadow",
]
_ADJECTIVES = [
    "narrow",
    "copper",
    "quiet",
    "northern",
    "fragile",
    "hollow",
    "patient",
    "crooked",
    "wooden",
    "salty",
    "distant",
    "modern",
    "rusty",
    "gentle",
    "foreign",
    "yellow",
    "ancient",
    "hidden",
    "sturdy",
    "muddy",
]
_VERBS = [
    "repair",
    "describe",
    "measure",
    "paint",
    "deliver",
    "survey",
    "rebuild",
    "inspect",
    "borrow",
    "polish",
    "carry",
    "explain",
    "protect",
    "sketch",
]
_PLACES = [
    "Lisbon",
    "Nairobi",
    "Oslo",
    "Quito",
    "Kyoto",
    "Perth",
    "Tunis",
    "Gdansk",
    "Havana",
    "Leeds",
    "Turin",
    "Hanoi",
    "Denver",
    "Cork",
    "Bergen",
]
_MANNERS = [
    "slowly",
    "before-noon",
    "together",
    "by-hand",
    "in-winter",
    "twice",
    "without-tools",
    "at-dusk",
    "carefully",
    "for-free",
]


@dataclass(frozen=True)
class Record:
    """What the dump holds at one place."""

    file: str
    line: int
    messages: Messages


@dataclass(frozen=True)
class Dump:
    """The folder of the dump, its readable records in the order of input, and the places that were planted."""

    folder: Path
    records: tuple[Record, ...]
    lines: int
    blank: int
    rejected: tuple[tuple[str, int], ...]
    planted: Mapping[str, tuple[str, int]]

    @property
    def files(self) -> list[Path]:
        return [self.folder / name for name in ("chats.json", "notes.csv", "tasks.jsonl")]

    def ids(self) -> list[str]:
        """The id of each record, computed here and not by the package."""
        seen: dict[str, int] = {}
        out = []
        for record in self.records:
            base = own_id(record.messages)
            seen[base] = seen.get(base, 0) + 1
            out.append(base if seen[base] == 1 else f"{base}-{seen[base]}")
        return out

    def id_at(self, what: str) -> str:
        """The id of a planted record."""
        places = [(r.file, r.line) for r in self.records]
        return self.ids()[places.index(self.planted[what])]


def own_id(messages: Sequence[Mapping[str, str]]) -> str:
    text = json.dumps(
        [{"role": m["role"], "content": m["content"]} for m in messages], ensure_ascii=False, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def turn(question: str, answer: str) -> Messages:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def sentence(rng: random.Random) -> str:
    pick = rng.choice
    return (
        f"The {pick(_ADJECTIVES)} {pick(_NOUNS)} near {pick(_PLACES)} lets a {pick(_NOUNS)} keeper {pick(_VERBS)} "
        f"every {pick(_ADJECTIVES)} {pick(_NOUNS)} {pick(_MANNERS)}."
    )


def question(rng: random.Random) -> str:
    pick = rng.choice
    return (
        f"How would you {pick(_VERBS)} a {pick(_ADJECTIVES)} {pick(_NOUNS)} from {pick(_PLACES)} and "
        f"{pick(_VERBS)} the {pick(_NOUNS)} beside it {pick(_MANNERS)}?"
    )


def answer(rng: random.Random) -> str:
    return " ".join(sentence(rng) for _ in range(rng.randint(1, 5)))


_LONG = (
    "Our reading group meets on the second Thursday of each month in the back room of the old post office, and we "
    "would like a short plan for an evening about island novels: what should eleven people read, discuss and eat?"
)
_PLAN = "Read one short novel each, bring bread and olives, and let every reader defend one page."
_TWIN = ("Which tool opens a stuck jar?", "A rubber band round the lid gives enough grip to turn it.")


#: What stands at a place instead of a sentence made at random: name, instruction, response.
_PLANTED: dict[tuple[str, int], tuple[str, str, str]] = {
    ("chats.json", 11): ("near_short", _LONG, _PLAN),
    ("chats.json", 12): ("twin", *_TWIN),
    ("notes.csv", 21): (
        "near_long", _LONG.replace("eleven", "twelve"), _PLAN + " Then vote on the next island, and draw lots for it.",
    ),
    ("notes.csv", 22): ("twin_again", *_TWIN),
    ("notes.csv", 23): ("twin_spaced", _TWIN[0], _TWIN[1].replace(" ", "  ")),
    ("tasks.jsonl", 60): ("short", "How often does the mail boat call?", "Twice."),
    ("tasks.jsonl", 61): (
        "terminal",
        "Paint \x1b[31mred\x1b[0m\x07 \u202eletters \x9b31m on 木の看板 🪵.",
        "Prime the board, let it dry, then draw each stroke with one loaded brush.",
    ),
    ("tasks.jsonl", 62): ("twin_third", *_TWIN),
    ("tasks.jsonl", 63): (
        "german",
        "Wie repariert man im Winter eine alte Laterne am Hafen, ohne sich zu verletzen?",
        "Zuerst löscht man das Licht, dann nimmt man das Glas ab und reinigt den Docht sehr gründlich.",
    ),
    ("tasks.jsonl", 64): (
        "refusal",
        "Where can I buy the plans of the lighthouse?",
        "I'm sorry, but as an AI language model I cannot help with that request.",
    ),
}  # fmt: skip
_BAD = {
    ("chats.json", 40): {"messages": [{"role": "user", "content": "Nobody answers this."}]},
    ("tasks.jsonl", 50): '{"instruction": "cut off',
    ("tasks.jsonl", 51): "[1, 2]",
    ("tasks.jsonl", 52): '{"instruction": "a", "input": "", "output": null}',
}
_BLANK = {("tasks.jsonl", 30): "", ("tasks.jsonl", 31): "   "}


def _pair(rng: random.Random, file: str, number: int) -> tuple[str, str]:
    asked, answered = question(rng), answer(rng)
    return _PLANTED[file, number][1:] if (file, number) in _PLANTED else (asked, answered)


def _chats(rng: random.Random) -> tuple[str, list[Record]]:
    """A JSON array of conversations, some of several turns, some with a system message."""
    values: list[Any] = []
    records = []
    for number in range(1, 101):
        messages = turn(*_pair(rng, "chats.json", number))
        if number % 5 == 0:
            messages += turn("And what then?", answer(rng))
        if number % 7 == 0:
            messages.insert(0, {"role": "system", "content": "Answer as a harbour master would."})
        if ("chats.json", number) in _BAD:
            values.append(_BAD["chats.json", number])
            continue
        values.append({"messages": messages, "score": number / 8, "tags": ["a", None]})
        records.append(Record("chats.json", number, messages))
    return json.dumps(values, indent=1), records


def _notes(rng: random.Random) -> tuple[str, list[Record]]:
    """A CSV file, some of whose values hold quotes and line ends."""
    text = io.StringIO(newline="")
    write = csv.writer(text, quoting=csv.QUOTE_ALL).writerow
    write(("prompt", "completion"))
    records = []
    for number in range(1, 101):
        asked, answered = _pair(rng, "notes.csv", number)
        asked += '\nMind the "quotes", please.' if number % 9 == 0 else ""
        write((asked, answered))
        records.append(Record("notes.csv", number, turn(asked, answered)))
    return text.getvalue(), records


def _tasks(rng: random.Random) -> tuple[str, list[Record]]:
    """JSON lines with blank and broken ones among them, some escaped and some not."""
    lines = []
    records = []
    for number in range(1, 106):
        place = ("tasks.jsonl", number)
        asked, answered = _pair(rng, *place)
        more = sentence(rng) if number % 4 == 0 and place not in _PLANTED else ""
        if place in _BAD or place in _BLANK:
            lines.append(str({**_BAD, **_BLANK}[place]))
            continue
        fields = {"instruction": asked, "input": more, "output": answered, "origin": f"row {number}"}
        lines.append(json.dumps(fields, ensure_ascii=number % 2 == 0))
        records.append(Record(*place, turn("\n\n".join(part for part in (asked, more) if part), answered)))
    return "\n".join(lines) + "\n", records


def make_dump(folder: Path) -> Dump:
    """About 300 records in three files and formats, some of them planted."""
    rng = random.Random(20240229)
    folder.mkdir(parents=True)
    records: list[Record] = []
    for name, make in (("chats.json", _chats), ("notes.csv", _notes), ("tasks.jsonl", _tasks)):
        text, made = make(rng)
        (folder / name).write_text(text, encoding="utf-8", newline="")
        records += made
    planted = {what: place for place, (what, *_) in _PLANTED.items()}
    return Dump(folder, tuple(records), 100 + 100 + 105, len(_BLANK), tuple(_BAD), planted)


@dataclass(frozen=True)
class Done:
    """A finished command: exit code, stdout (data) and stderr (narration)."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


def assert_fails(done: Done, code: int, *words: str) -> None:
    """The exit code, nothing on stdout, and a message on stderr that begins with `error:` and holds `words`."""
    assert done.code == code, (done.code, done.err)
    assert done.out == ""
    assert done.errors, done.err
    assert "Traceback" not in done.err
    for word in words:
        assert word in "\n".join(done.errors), (word, done.err)


def snapshot(out: Path) -> dict[str, bytes]:
    """Every file of a result by name, but what is private to `curate`."""
    names = [p for p in sorted(out.rglob("*")) if p.is_file() and ".curate" not in p.relative_to(out).parts]
    return {str(p.relative_to(out)): p.read_bytes() for p in names}


def steps_of(cache: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of each file of each finished step under a cache folder."""
    found = {}
    for done in sorted((cache / "steps").glob("*/done.json")):
        for path in sorted(done.parent.iterdir()):
            stat = path.stat()
            found[f"{done.parent.name}/{path.name}"] = (stat.st_ino, stat.st_mtime_ns)
    return found


class _Both(io.TextIOWrapper):
    """Text over bytes, as a real stdout is."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="strict", write_through=True)

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


@contextlib.contextmanager
def _arguments(argv: Sequence[str]) -> Iterator[None]:
    before, handlers = sys.argv, {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}
    sys.argv = list(argv)
    try:
        yield
    finally:
        sys.argv = before
        for number, handler in handlers.items():
            signal.signal(number, handler)


def arguments(args: Sequence[object]) -> list[str]:
    """Arguments as text; a run writes no report unless it is asked to, since most tests do not look at it."""
    told = list(map(str, args))
    return [*told, "--no-report"] if told[:1] == ["run"] and "--report" not in told and "--" not in told else told


def curate(*args: object) -> Done:
    """The command line, run in this process."""
    from curate.cli import main

    out, err, code = _Both(), _Both(), 0
    with _arguments(["curate", *arguments(args)]), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as done:
            code = int(done.code or 0)
    return Done(code, out.text(), err.text())


def command(*args: object) -> list[str]:
    """The same command line as an argv, for a process of its own."""
    return [sys.executable, "-c", "from curate.cli import main; main()", *arguments(args)]


def environment(**extra: str) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [extra.pop("FIRST", ""), str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, **extra}


def process(*args: object, cwd: Path | None = None, stdin: bytes = b"", **env: str) -> Done:
    """The command line in a process of its own."""
    done = subprocess.run(
        command(*args), input=stdin, capture_output=True, cwd=cwd, env=environment(**env), timeout=120, check=False
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


#: Stages for processes that are to be stopped in the middle, or to fail.
PLUGIN = '''
import os, time
from pathlib import Path
from typing import ClassVar, Literal
import polars as pl
from curate.stage import Filter, Rule

class HoldFilter(Filter):
    """Keeps every row, but not before the file named by HOLD is gone."""
    stage: Literal["hold"] = "hold"
    reads: ClassVar[tuple[str, ...]] = ("response",)
    reasons: ClassVar = {"never": "It never happens."}
    def rules(self):
        hold = Path(os.environ.get("HOLD", "/nonexistent/hold"))
        while hold.exists():
            time.sleep(0.02)
        return [Rule("never", pl.lit(False) & (pl.col("response") == ""), pl.col("response"))]

class CountedFilter(HoldFilter):
    """Keeps every row, and adds a line to the file named by COUNT each time it is computed."""
    stage: Literal["counted"] = "counted"
    def rules(self):
        with open(os.environ["COUNT"], "a") as file:
            file.write("computed\\n")
        return [Rule("never", pl.lit(False) & (pl.col("response") == ""), pl.col("response"))]
'''


def make_plugin(folder: Path, entries: Mapping[str, str], code: str = PLUGIN) -> Path:
    """An installed package that offers stages by entry points; put its folder first on the path."""
    info = folder / "plugged-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "plugged.py").write_text(code)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    lines = "".join(f"{name} = {target}\n" for name, target in entries.items())
    (info / "entry_points.txt").write_text(f"[curate.stages]\n{lines}")
    return folder
