"""Records, families of generated records, and the distinctness that the generator enforces."""

# a word list is easier to read and to extend as one string
# ruff: noqa: SIM905
from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

SEED = 20240607
TASKS = (
    "open_qa closed_qa summarization classification extraction brainstorming creative_writing "
    "rewriting translation coding math roleplay advice"
).split()
LANGUAGES = ("en", "de", "fr", "es", "pt")

#: No two clean instructions share this much of their word 5-grams; the default recipe merges at 0.7.
MAX_JACCARD = 0.6

Made = tuple[str, ...] | list[str]
Maker = Callable[[Random], Made]


@dataclass(frozen=True)
class Record:
    """One example before it is written into a dump.

    `turns` alternates user and assistant texts; `context` is the separate input of a single-turn example.
    """

    task: str
    language: str
    turns: tuple[str, ...]
    family: str
    context: str = ""
    system: str = ""

    @property
    def instruction(self) -> str:
        """All user text, the separate input included, as a reader joins it."""
        parts = [self.turns[0], self.context] if self.context else [self.turns[0]]
        return "\n\n".join([*parts, *self.turns[2::2]])

    @property
    def response(self) -> str:
        """All assistant text."""
        return "\n\n".join(self.turns[1::2])

    def answered(self, response: str) -> Record:
        """Return the same single-turn record with another response."""
        return replace(self, turns=(self.turns[0], response))


@dataclass(frozen=True)
class Family:
    """A template of records: how to make one, and how many to make."""

    name: str
    task: str
    language: str
    count: int
    make: Maker


FAMILIES: list[Family] = []


def family(task: str, count: int, language: str = "en") -> Callable[[Maker], Maker]:
    """Register a maker: it returns (instruction, response), (instruction, input, response) or a list of turns."""
    if task not in TASKS or language not in LANGUAGES:
        raise ValueError(f"{task}, {language}")

    def register(make: Maker) -> Maker:
        FAMILIES.append(Family(make.__name__.strip("_"), task, language, count, make))
        return make

    return register


def tokens(text: str) -> list[str]:
    """Lower-case words of the NFC text: runs of letters, digits and underscores."""
    return re.findall(r"\w+", unicodedata.normalize("NFC", text).lower())


def shingles(words: list[str]) -> frozenset[tuple[str, ...]]:
    """The distinct word 5-grams; a shorter text is one shingle of all its words."""
    if len(words) < 5:
        return frozenset([tuple(words)])
    return frozenset(tuple(words[i : i + 5]) for i in range(len(words) - 4))


def jaccard(a: str, b: str) -> float:
    """The exact Jaccard similarity of the word 5-grams of two texts."""
    x, y = shingles(tokens(a)), shingles(tokens(b))
    return len(x & y) / len(x | y)


@dataclass
class Distinct:
    """Accepts texts that are far from all accepted so far, in words and in white-space tokens."""

    limit: float = MAX_JACCARD
    sizes: list[tuple[int, int]] = field(default_factory=list)
    owners: tuple[dict[tuple[str, ...], list[int]], ...] = field(
        default_factory=lambda: (defaultdict(list), defaultdict(list))
    )

    def accept(self, text: str) -> bool:
        """Take `text` in and return True, or return False if it is too near to one taken before."""
        both = (shingles(tokens(text)), shingles(text.lower().split()))
        for side, grams in enumerate(both):
            shared = Counter(n for gram in grams for n in self.owners[side].get(gram, ()))
            if any(k / (len(grams) + self.sizes[n][side] - k) >= self.limit for n, k in shared.items()):
                return False
        number = len(self.sizes)
        self.sizes.append((len(both[0]), len(both[1])))
        for side, grams in enumerate(both):
            for gram in grams:
                self.owners[side][gram].append(number)
        return True


def build(one: Family, made: Made) -> Record:
    """Turn what a maker returned into a record."""
    if isinstance(made, list):
        return Record(one.task, one.language, tuple(made), one.name)
    if len(made) == 3:
        return Record(one.task, one.language, (made[0], made[2]), one.name, context=made[1])
    return Record(one.task, one.language, made, one.name)


def generate(distinct: Distinct, *, spare: int = 0) -> tuple[list[Record], list[Record]]:
    """Make every family's records, and up to `spare` more of each for the faults to be planted in."""
    kept: list[Record] = []
    spares: list[Record] = []
    for one in FAMILIES:
        random = Random(f"{SEED}:{one.name}")
        have = 0
        for _ in range(60 * (one.count + spare)):
            record = build(one, one.make(random))
            if not distinct.accept(record.instruction):
                continue
            (kept if have < one.count else spares).append(record)
            have += 1
            if have == one.count + spare:
                break
        if have < one.count:
            raise ValueError(f"family {one.name} yields {have} distinct records, {one.count} wanted")
    return kept, spares
