"""Planting faults: each takes a clean record and returns one with a known defect."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from . import phrases
from .core import Record, jaccard, tokens


@dataclass(eq=False)
class Entry:
    """A record with what is true of it: `kind` is empty for a clean one; `of` is the record a copy was made from."""

    record: Record
    kind: str = ""
    detail: str = ""
    odd: str = ""
    of: Entry | None = None
    jaccard: float | None = None


def _prose(record: Record, least: int = 90) -> bool:
    text = record.response
    return len(record.turns) == 2 and len(text) >= least and "\n" not in text and "`" not in text


def _refusal(r: Random, x: Record) -> tuple[Record, str] | None:
    if len(x.turns) != 2:
        return None
    text = r.choice(phrases.REFUSALS[x.language])
    return x.answered(text), text[:40]


def _inserted(r: Random, x: Record, bank: list[tuple[str, str]]) -> tuple[Record, str] | None:
    if x.language != "en" or not _prose(x, 60):
        return None
    where, text = r.choice(bank)
    answer = x.response
    if where == "start":
        answer = text + answer
    elif where == "end":
        answer += text
    else:
        cut = answer.find(". ", len(answer) // 4) + 2
        if cut < 2:
            return None
        answer = answer[:cut] + text + answer[cut:]
    return x.answered(answer), f"{where}: {text.strip()[:40]}"


def _disclaimer(r: Random, x: Record) -> tuple[Record, str] | None:
    return _inserted(r, x, phrases.DISCLAIMERS)


def _provider(r: Random, x: Record) -> tuple[Record, str] | None:
    return _inserted(r, x, phrases.PROVIDERS)


def _empty(r: Random, x: Record) -> tuple[Record, str] | None:
    if len(x.turns) != 2:
        return None
    blank = r.choice(["", " ", "\n", "\n\n  ", "\t", "\u200b"])
    return x.answered(blank), "no visible character"


def _truncated(r: Random, x: Record) -> tuple[Record, str] | None:
    if not _prose(x, 130):
        return None
    words = x.response.split(" ")
    kept = words[: r.randint(len(words) // 2, len(words) * 3 // 4)]
    while kept and not kept[-1].isalpha():
        kept.pop()
    if len(kept) < 8:
        return None
    last = kept[-1][: max(1, len(kept[-1]) // 2)] if r.random() < 0.5 else kept[-1]
    return x.answered(" ".join([*kept[:-1], last])), "in mid-sentence"


def _unclosed_fence(_r: Random, x: Record) -> tuple[Record, str] | None:
    if x.task != "coding" or "```python" not in x.response:
        return None
    start = x.response.index("```python")
    end = x.response.index("```", start + 9)
    lines = x.response[:end].rstrip().split("\n")
    return (x.answered("\n".join(lines[:-1])), "unclosed code fence") if len(lines) > 4 else None


def _prompt_echo(r: Random, x: Record) -> tuple[Record, str] | None:
    if len(x.turns) != 2 or len(x.instruction) < 60 or "```" in x.instruction:
        return None
    return x.answered(x.instruction), r.choice(["the whole prompt"])


def _mojibake(_r: Random, x: Record) -> tuple[Record, str] | None:
    marks = sum(ord(c) > 127 and c.isalpha() for c in x.response)
    if len(x.turns) != 2 or marks < 2 or x.language == "en":
        return None
    try:
        return x.answered(x.response.encode("utf-8").decode("cp1252")), "UTF-8 read as Windows-1252"
    except UnicodeDecodeError:
        return None


def _html(r: Random, x: Record) -> tuple[Record, str] | None:
    if not _prose(x) or "<" in x.response:
        return None
    start, middle, end = r.choice(phrases.MARKUP)
    body = x.response.replace(". ", f".{middle}")
    return x.answered(f"{start}{body}{end}"), start[:12]


def _placeholder(r: Random, x: Record) -> tuple[Record, str] | None:
    if len(x.turns) != 2:
        return None
    text = r.choice(phrases.PLACEHOLDERS)
    return x.answered(text), text[:12]


def _template_tokens(r: Random, x: Record) -> tuple[Record, str] | None:
    if not _prose(x, 60):
        return None
    form = r.choice(phrases.TOKENS)
    return x.answered(form.format(x.response)), form[:24]


def _repetition(r: Random, x: Record) -> tuple[Record, str] | None:
    if not _prose(x):
        return None
    sentences = re.split(r"(?<=[.!?]) ", x.response)
    if r.random() < 0.6:
        again = " ".join([sentences[-1]] * r.randint(8, 20))
        return x.answered(f"{x.response} {again}"), "a sentence over and over"
    loop = r.choice(phrases.LOOPS)
    return x.answered(f"{sentences[0]} {(loop * r.randint(25, 60)).strip()}"), "a phrase over and over"


Planter = Callable[[Random, Record], "tuple[Record, str] | None"]
PLAN: list[tuple[str, int, Planter]] = [
    ("mojibake", 42, _mojibake),
    ("unclosed_fence", 40, _unclosed_fence),
    ("refusal", 52, _refusal),
    ("disclaimer", 48, _disclaimer),
    ("provider", 45, _provider),
    ("truncated", 45, _truncated),
    ("html", 42, _html),
    ("template_tokens", 42, _template_tokens),
    ("repetition", 48, _repetition),
    ("prompt_echo", 42, _prompt_echo),
    ("placeholder", 40, _placeholder),
    ("empty", 40, _empty),
]


def plant(random: Random, spares: list[Record]) -> Iterator[Entry]:
    """Use up spare records, one fault in each; the spares are taken in a shuffled order."""
    pool = list(spares)
    random.shuffle(pool)
    # Refusals in the four other languages come from spares of these languages, a few of each.
    pool.sort(key=lambda x: x.language == "en")
    for kind, count, planter in PLAN:
        english = kind == "refusal"
        done, rest, foreign = 0, [], 0
        for x in pool:
            skip = done == count or (english and x.language != "en" and foreign >= 12)
            made = None if skip else planter(random, x)
            if made is None:
                rest.append(x)
                continue
            foreign += x.language != "en"
            done += 1
            yield Entry(made[0], kind, made[1])
        if done < count:
            raise ValueError(f"only {done} of {count} records for {kind}")
        pool = rest
        random.shuffle(pool)


def exact_copies(random: Random, clean: list[Entry], count: int) -> Iterator[Entry]:
    """Copies that are the same after Unicode NFC and white-space folding: a fifth NFD, the rest half and half."""

    def accented(x: Record) -> bool:
        text = "".join([*x.turns, x.context])
        return unicodedata.normalize("NFD", text) != text and "```" not in text

    pool = random.sample(clean, len(clean))
    decomposed = [e for e in pool if accented(e.record)][: count // 5]
    chosen = {id(e) for e in decomposed}
    for entry in decomposed:
        x = entry.record
        turns = tuple(unicodedata.normalize("NFD", t) for t in x.turns)
        yield Entry(
            replace(x, turns=turns, context=unicodedata.normalize("NFD", x.context)), "exact_duplicate", "NFD", of=entry
        )
    others = [e for e in pool if id(e) not in chosen][: count - len(decomposed)]
    for number, entry in enumerate(others):
        x = entry.record
        folded = tuple(re.sub(r"([,;:.]) ", r"\1  ", t) + random.choice(["\n", " "]) for t in x.turns)
        if number % 2 or "```" in x.response:
            yield Entry(x, "exact_duplicate", "bytes", of=entry)
        else:
            yield Entry(replace(x, turns=folded), "exact_duplicate", "white space", of=entry)


def _edited(random: Random, x: Record) -> Record:
    first = x.turns[0]
    choice = random.randrange(4)
    if choice == 0:
        first = random.choice(phrases.POLITE_STARTS) + first
    elif choice == 1 and not x.context:
        first += random.choice(phrases.POLITE_ENDS)
    elif choice == 2:
        first = first.upper() if len(first) < 80 else first.rstrip("?.!") + " ..."
    else:
        spot = [m.start() for m in re.finditer(r" (?=[a-z]{4,})", first)]
        at = spot[-1] if spot else 0
        first = f"{first[:at]} really{first[at:]}"
    end = random.choice(["Hope this helps!", "That is the whole answer.", "Let me know if anything is unclear."])
    return replace(x, turns=(first, f"{x.turns[1]}\n\n{end}"))


def near_copies(random: Random, clean: list[Entry], count: int) -> Iterator[Entry]:
    """Copies whose instruction has a small edit, with the exact Jaccard similarity of the word 5-grams."""
    for entry in random.sample(clean, len(clean)):
        x = entry.record
        if len(x.turns) != 2 or len(tokens(x.instruction)) < 14 or x.language != "en":
            continue
        copy = _edited(random, x)
        value = jaccard(x.instruction, copy.instruction)
        words = x.instruction.lower().split(), copy.instruction.lower().split()
        if value < 0.76 or len(set(words[0]) & set(words[1])) < 0.8 * len(set(words[1])):
            continue
        if copy.instruction == x.instruction:
            continue
        yield Entry(copy, "near_duplicate", "instruction edited", of=entry, jaccard=round(value, 6))
        count -= 1
        if not count:
            return
