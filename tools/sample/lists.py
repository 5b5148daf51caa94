"""Sorting, filtering, sets, string transformations and conversions between JSON, CSV and tables."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

import csv
import io
import json
from random import Random

from .core import Made, family
from .words import (
    ANIMALS,
    CITIES,
    COLOURS,
    EVENTS,
    FOODS,
    GOODS,
    JOBS,
    NAMES,
    PLACES,
    PLAIN_WORDS,
    SURNAMES,
    a,
    listed,
    money,
    person,
)


@family("extraction", 35)
def _longer_than(r: Random) -> Made:
    words, n = r.sample(PLAIN_WORDS, r.randint(8, 12)), r.randint(5, 6)
    hits = sorted(w for w in words if len(w) > n)
    if not hits:
        words[0], hits = "telescope", ["telescope"]
    ask = r.choice(
        [
            f"From the list, keep the words with more than {n} letters, alphabetically: {', '.join(words)}",
            f"Which of these have over {n} letters? {' / '.join(words)}. Answer in alphabetical order.",
            f"Filter out everything of {n} letters or fewer and sort the rest: {' '.join(words)}",
        ]
    )
    gone = len(words) - len(hits)
    lead = r.choice(["These remain", "The words left"])
    return ask, (
        f"{lead} ({len(hits)} of {len(words)}): {listed(hits)}. What was left out ({gone}) has at most {n} letters."
    )


@family("extraction", 35)
def _sort_records(r: Random) -> Made:
    people, ages, cities = r.sample(NAMES, 5), r.sample(range(18, 90), 5), r.sample(CITIES, 5)
    rows = list(zip(people, ages, cities, strict=True))
    key = r.choice(["age, oldest first", "city, from A to Z", "name, from Z to A"])
    if key.startswith("age"):
        done = sorted(rows, key=lambda x: -x[1])
    else:
        done = sorted(rows, key=lambda x: x[2]) if key.startswith("city") else sorted(rows, reverse=True)
    text = "; ".join(f"{n} ({g}, {c})" for n, g, c in rows)
    ask = r.choice(
        [
            f"Sort these people by {key}.",
            f"Bring the guest list into order by {key}.",
            f"Order by {key} and number them.",
        ]
    )
    return ask, text, "\n".join(f"{i}. {n}, {g}, from {c}." for i, (n, g, c) in enumerate(done, 1))


@family("extraction", 30)
def _set_compare(r: Random) -> Made:
    pool = r.sample(FOODS + ANIMALS + COLOURS, 9)
    x, y = pool[:6], pool[3:]
    r.shuffle(x)
    r.shuffle(y)
    p, q = r.sample(NAMES, 2)
    both, only = sorted(set(x) & set(y)), sorted(set(x) - set(y))
    ask = r.choice(
        [
            (
                f"{p} wrote down {', '.join(x)}. {q} wrote down {', '.join(y)}. What do both lists share, and what is only on "
                f"{p}'s?"
            ),
            (
                f"Compare two lists. First ({p}): {', '.join(x)}. Second ({q}): {', '.join(y)}. Name the common items and "
                f"those missing from the second."
            ),
        ]
    )
    return (
        ask,
        f"On both lists: {listed(both)}. Only {p} has {listed(only)}; only {q} has {listed(sorted(set(y) - set(x)))}.",
    )


@family("extraction", 30)
def _string_transform(r: Random) -> Made:
    words = r.sample(PLAIN_WORDS, r.randint(4, 6))
    text = " ".join(words)
    options = [
        ("reverse the order of the words", " ".join(reversed(words)), "The last word comes first now"),
        (
            "put every second word in capitals",
            " ".join(w.upper() if i % 2 else w for i, w in enumerate(words)),
            "Words 2, 4 and so on change",
        ),
        ("write it in snake_case", "_".join(words), "Spaces become underscores"),
        (
            "write it in CamelCase",
            "".join(w.capitalize() for w in words),
            "Each word starts with a capital and the spaces go",
        ),
        ("take the first letter of each word", "".join(w[0] for w in words), "The initials, one after another"),
        (
            "spell each word backwards but keep the order",
            " ".join(w[::-1] for w in words),
            "Only the letters inside a word turn round",
        ),
        ("remove all vowels", "".join(c for c in text if c not in "aeiou"), "The letters a, e, i, o and u are dropped"),
    ]
    what, result, note = r.choice(options)
    ask = r.choice(
        [
            f"Take the phrase “{text}” and {what}.",
            f"{what.capitalize()}: {text}",
            f"Please {what} in this line: “{text}”",
        ]
    )
    return ask, f"{result}\n\n{note}; the phrase had {len(words)} words and {len(text)} characters."


@family("math", 25)
def _count_letters(r: Random) -> Made:
    words = r.sample(PLAIN_WORDS, r.randint(3, 6))
    text = " ".join(words)
    letter = max(sorted(set(text) - {" "}), key=lambda c: (text.count(c), r.random()))
    parts = ", ".join(f"{w} {w.count(letter)}" for w in words)
    ask = r.choice(
        [
            f"How often does the letter {letter} occur in “{text}”?",
            f"Count every {letter} in these words: {', '.join(words)}.",
            f"In the phrase {text}, how many times do we find {letter}?",
        ]
    )
    return ask, f"Word by word: {parts}. Altogether the letter {letter} occurs {text.count(letter)} times."


Rows = list[list[str]]


def _table(r: Random) -> tuple[list[str], Rows]:
    n = r.randint(3, 5)
    head, columns, low, high = r.choice(
        [
            (["item", "colour", "stock"], (GOODS, COLOURS), 1, 400),
            (["surname", "job", "born"], (SURNAMES, JOBS), 1960, 2005),
            (["city", "event", "guests"], (CITIES, EVENTS), 20, 900),
        ]
    )
    first, second = (r.sample(column, n) for column in columns)
    return head, [[x, y, str(r.randint(low, high))] for x, y in zip(first, second, strict=True)]


def _json(head: list[str], rows: Rows) -> str:
    return json.dumps([{head[0]: x[0], head[1]: x[1], head[2]: int(x[2])} for x in rows], indent=1)


def _csv(head: list[str], rows: Rows) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head, *rows])
    return out.getvalue().strip()


def _markdown(head: list[str], rows: Rows) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(x) + " |" for x in lines)


@family("coding", 45)
def _convert_table(r: Random) -> Made:
    head, rows = _table(r)
    forms = {
        "CSV": _csv(head, rows),
        "a Markdown table": _markdown(head, rows),
        "JSON": _json(head, rows),
        "YAML": "\n".join(f"- {head[0]}: {x[0]}\n  {head[1]}: {x[1]}\n  {head[2]}: {x[2]}" for x in rows),
    }
    src, dst = r.sample(sorted(forms), 2)
    ask = r.choice(
        [
            f"Convert the following {src.removeprefix('a ')} to {dst}.",
            f"Rewrite these records, given as {src}, as {dst}. Keep the order of fields.",
            f"I need this as {dst} for the {r.choice(PLACES)}.",
        ]
    )
    tag = {"CSV": "csv", "JSON": "json", "YAML": "yaml", "a Markdown table": "markdown"}[dst]
    note = f"The {len(rows)} records keep their order; the field names are {listed(head)}."
    return ask, forms[src], f"```{tag}\n{forms[dst]}\n```\n\n{note}"


@family("extraction", 40)
def _invoice_fields(r: Random) -> Made:
    who, place, city = person(r), r.choice(PLACES), r.choice(CITIES)
    n, thing, cents = r.randint(2, 60), r.choice(GOODS), r.randrange(150, 9000, 5)
    nr, phone = (
        f"{r.choice('ABKRTX')}-{r.randint(1000, 9999)}",
        f"0{r.randint(20, 99)} {r.randint(100, 999)} {r.randint(1000, 9999)}",
    )
    text = r.choice(
        [
            (
                f"Hello, this is {who} from the {place} in {city}. About invoice {nr}: we ordered {n} {thing}, the bill says "
                f"{money(cents)}. Call me on {phone}."
            ),
            f"{nr} // {city} // {who} ({place}) asks for {n} {thing}; agreed price {money(cents)}; reachable at {phone}.",
            (
                f"Please send {n} {thing} to the {place}, {city}. The amount of {money(cents)} on invoice {nr} is fine. "
                f"Regards, {who}, phone {phone}"
            ),
        ]
    )
    fields = {"name": who, "city": city, "invoice": nr, "quantity": n, "amount": money(cents), "phone": phone}
    want = r.sample(sorted(fields), r.randint(3, 5))
    ask = r.choice(
        [
            f"Extract {listed(want)} from the message as JSON.",
            f"Pull these fields out of the note: {', '.join(want)}. JSON, nothing else.",
            f"Return a JSON object with the keys {listed(want)} taken from the text.",
        ]
    )
    return ask, text, "```json\n" + json.dumps({k: fields[k] for k in want}, indent=1, ensure_ascii=False) + "\n```"


@family("extraction", 35)
def _find_entities(r: Random) -> Made:
    people, cities = [person(r) for _ in range(3)], r.sample(CITIES, 2)
    event, place, animal, year = r.choice(EVENTS), r.choice(PLACES), r.choice(ANIMALS), r.randint(1951, 2023)
    text = r.choice(
        [
            (
                f"In {year} {people[0]} brought {a(animal)} from {cities[0]} to the {event}, to the delight of {people[1]}. "
                f"The {place} of {cities[1]} later thanked {people[2]} with a medal."
            ),
            (
                f"{people[0]} and {people[1]} opened the {event} at the {place}, {cities[0]}, in {year}. {people[2]}, who had "
                f"travelled from {cities[1]}, drew {a(animal)} on the poster."
            ),
            (
                f"The {animal} that {people[0]} photographed in {cities[1]} won first prize in {year}, reports {people[1]} of "
                f"the {place}. The {event} in {cities[0]} is now run by {people[2]}."
            ),
        ]
    )
    if r.random() < 0.5:
        order = sorted(people, key=text.index)
        return (
            r.choice(["List every person named in the text.", "Which people occur in this paragraph? One per line."]),
            text,
            "\n".join(f"- {p}" for p in order),
        )
    order = sorted(cities, key=text.index)
    return (
        r.choice(["Find the cities and the year in this passage.", "Name all cities mentioned, and give the year."]),
        text,
        f"The cities mentioned are {listed(order)}. The year given is {year}.",
    )


@family("extraction", 30)
def _log_lines(r: Random) -> Made:
    parts = ["mailer", "backup", "login", "search", "billing", "printer", "gateway", "indexer"]
    used = r.sample(parts, 4)
    rows = []
    for _ in range(6):
        level = r.choice(["INFO", "WARN", "ERROR"])
        stamp = f"{r.randint(0, 23):02d}:{r.randint(0, 59):02d}:{r.randint(0, 59):02d}"
        rows.append((stamp, level, r.choice(used), r.randint(100, 999)))
    rows.sort()
    level = r.choice(["WARN", "ERROR"])
    hits = [x for x in rows if x[1] == level]
    text = "\n".join(f"{t} {lv} {p} code={c}" for t, lv, p, c in rows)
    ask = r.choice(
        [f"Which components logged {level}, when, and with which code?", f"Collect the {level} lines of this log."]
    )
    if not hits:
        return ask, text, f"None: all six lines are of another level than {level}."
    told = "; ".join(f"{p} at {t} with code {c}" for t, _, p, c in hits)
    return ask, text, f"{len(hits)} of the 6 lines {'is' if len(hits) == 1 else 'are'} {level}: {told}."
