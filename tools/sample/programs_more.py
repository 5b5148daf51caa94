"""More Python programs: records, text helpers, SQL and bugs."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

from random import Random

from .core import Made, family
from .programs import answer
from .words import CITIES, EVENTS, FOODS, GOODS, JOBS, NAMES, PLACES, PLAIN_WORDS, a


@family("coding", 35)
def _sql_query(r: Random) -> Made:
    n, k = r.randint(3, 6), r.randint(20, 200)
    rows = list(zip(r.sample(GOODS, n), r.sample(CITIES, n), (r.randint(5, 300) for _ in range(n)), strict=True))
    place, field = r.choice(PLACES), r.choice(["stock", "price", "weight"])
    order = r.choice(["ASC", "DESC"])
    code = (
        "import sqlite3\n\ndb = sqlite3.connect(':memory:')\n"
        f"db.execute('CREATE TABLE goods (name TEXT, city TEXT, {field} INTEGER)')\n"
        f"db.executemany('INSERT INTO goods VALUES (?, ?, ?)', {rows!r})\n"
        f"query = 'SELECT name, {field} FROM goods WHERE {field} > {k} ORDER BY {field} {order}, name'\n"
        "for row in db.execute(query):\n    print(*row)\nprint('done')\ndb.close()"
    )
    words = "rising" if order == "ASC" else "falling"
    ask = r.choice(
        [
            f"The {place} keeps goods in SQLite with name, city and {field}. Select those with {field} above {k}, {words}.",
            f"SQL please: name and {field} of all goods whose {field} exceeds {k}, in {words} order. Rows look like {rows[0]}.",
        ]
    )
    return ask, answer(
        r,
        code,
        f"The condition goes into `WHERE`, the order into `ORDER BY {field} {order}`; ties fall back on the name.",
    )


@family("coding", 40)
def _text_helpers(r: Random) -> Made:
    words = r.sample(PLAIN_WORDS, 5)
    text = " ".join(words)
    name, what, body, note = r.choice(
        [
            (
                "initials",
                "returns the initials of a phrase in capitals",
                "''.join(w[0].upper() for w in text.split())",
                "`split` without arguments copes with several spaces.",
            ),
            (
                "longest",
                "returns the longest word (the first, if several tie)",
                "max(text.split(), key=len)",
                "`max` keeps the first of equal candidates.",
            ),
            (
                "vowels",
                "counts the vowels",
                "sum(c in 'aeiou' for c in text.lower())",
                "True counts as 1, so `sum` can count conditions.",
            ),
            (
                "shout",
                "capitalises every other letter",
                "''.join(c.upper() if i % 2 else c for i, c in enumerate(text))",
                "`enumerate` gives the index that the test needs.",
            ),
            (
                "squeeze",
                "drops repeated letters but keeps their order",
                "''.join(dict.fromkeys(text.replace(' ', '')))",
                "Dictionaries keep insertion order and hold each key once.",
            ),
            (
                "caesar",
                "shifts each letter by three places",
                "''.join(chr((ord(c) - 97 + 3) % 26 + 97) if c.isalpha() else c for c in text)",
                "The modulus wraps z round to c.",
            ),
            (
                "title",
                "turns a phrase into a file name",
                "text.lower().replace(' ', '-') + '.txt'",
                "Lower case and hyphens are safe on every system.",
            ),
        ]
    )
    ask = r.choice(
        [
            f"Write `{name}(text)` in Python: it {what}. Try it on “{text}”.",
            f"A helper for the {r.choice(EVENTS)} web page {what}. How do I write it in Python? Example: {text}",
            f"Python one-liner that {what}, for input such as “{text}”?",
        ]
    )
    return ask, answer(r, f"def {name}(text):\n    return {body}\n\n\nprint({name}('{text}'))", note)


@family("coding", 35)
def _aggregate_records(r: Random) -> Made:
    n = r.randint(4, 6)
    people, foods = r.sample(NAMES, 3), r.sample(FOODS, 3)
    rows = [(r.choice(people), r.choice(foods), r.randint(1, 40)) for _ in range(n)]
    key, pos = r.choice([("person", 0), ("product", 1)])
    agg, init, step = r.choice(
        [
            ("total weight", "0", "out.get(k, 0) + row[2]"),
            ("largest weight", "0", "max(out.get(k, 0), row[2])"),
            ("number of entries", "0", "out.get(k, 0) + 1"),
        ]
    )
    ask = r.choice(
        [
            f"Given tuples (person, product, kg) such as {rows[:2]}, compute the {agg} per {key} in Python.",
            f"The {r.choice(PLACES)} logs deliveries as {rows}. I want the {agg} for each {key}, sorted by key.",
        ]
    )
    code = (
        f"rows = {rows!r}\nout = {{}}\nfor row in rows:\n    k = row[{pos}]\n    out[k] = {step}\n"
        "for k in sorted(out):\n    print(k, out[k])"
    )
    return ask, answer(
        r, code, f"One pass over the rows is enough: the dictionary holds the {agg} seen so far, starting at {init}."
    )


@family("coding", 35)
def _fix_the_bug(r: Random) -> Made:
    data = [r.randint(1, 60) for _ in range(6)]
    k, who = r.randint(2, 9), r.choice(NAMES)
    bad, good, why = r.choice(
        [
            (
                "def mean(xs):\n    return sum(xs) / len(xs) - 1",
                "def mean(xs):\n    return round(sum(xs) / len(xs), 2)",
                "nothing should be subtracted from the quotient; rounding keeps the display short",
            ),
            (
                "def last(xs):\n    return xs[len(xs)]",
                "def last(xs):\n    return xs[-1]",
                "indexes run from 0 to len - 1, so `xs[len(xs)]` is out of range",
            ),
            (
                "def smallest(xs):\n    best = 0\n    for x in xs:\n        if x < best:\n            best = x\n    return best",
                "def smallest(xs):\n    best = xs[0]\n    for x in xs:\n        if x < best:\n            best = x\n    return best",
                "no positive number is below 0, so start from the first element",
            ),
            (
                f"def above(xs, out=[]):\n    for x in xs:\n        if x > {k}:\n            out.append(x)\n    return out",
                f"def above(xs):\n    out = []\n    for x in xs:\n        if x > {k}:\n            out.append(x)\n    return out",
                "a default list is made once and shared by all calls",
            ),
            (
                "def total(xs):\n    for x in xs:\n        s = 0\n        s += x\n    return s",
                "def total(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s",
                "the sum was set to zero again in every round",
            ),
            (
                f"def scaled(xs):\n    return [x] * {k}",
                f"def scaled(xs):\n    return [x * {k} for x in xs]",
                "multiplying a list repeats it; multiply each element instead",
            ),
        ]
    )
    name = good.split("(")[0].removeprefix("def ")
    ask = r.choice(
        [
            f"{who}'s function `{name}` gives wrong results for {data}. Find the bug.",
            f"Why does this fail on {data}? Please fix it for {who}.",
            f"Code review for {a(r.choice(JOBS))} turned programmer ({who}), input {data}: what is wrong?",
        ]
    )
    return f"{ask}\n\n```python\n{bad}\n```", answer(r, f"{good}\n\n\nprint({name}({data}))", f"The fault: {why}.")
