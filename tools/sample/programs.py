"""Small Python functions. The output shown in an answer is what running its code printed."""

from __future__ import annotations

import contextlib
import io
from random import Random

from .core import Made, family
from .words import CITIES, EVENTS, FOODS, GOODS, JOBS, NAMES, PLACES, PLAIN_WORDS, a


def run(code: str) -> str:
    """What the program prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {"__name__": "__main__"})  # noqa: S102 - our own source text, built in this module
    return out.getvalue().rstrip("\n")


def answer(r: Random, code: str, note: str) -> str:
    """The code in a fence, its real output in another, and a sentence of explanation."""
    shown = f"```python\n{code.strip()}\n```\n\n{r.choice(['Output', 'It prints', 'Running it gives'])}:\n\n"
    shown += f"```text\n{run(code)}\n```"
    return f"{note}\n\n{shown}" if r.random() < 0.5 else f"{shown}\n\n{note}"


KEEP = {
    "even numbers": "n % 2 == 0",
    "odd numbers": "n % 2 == 1",
    "multiples of three": "n % 3 == 0",
    "numbers above {k}": "n > {k}",
    "numbers below {k}": "n < {k}",
    "two-digit numbers": "10 <= abs(n) <= 99",
    "negative numbers": "n < 0",
    "numbers ending in {e}": "abs(n) % 10 == {e}",
}
CHANGE = {
    "squared": "n * n",
    "halved (integer division)": "n // 2",
    "increased by {k}": "n + {k}",
    "with the sign flipped": "-n",
    "as strings in hexadecimal": "hex(n)",
    "doubled": "2 * n",
}


@family("coding", 45)
def _filter_and_map(r: Random) -> Made:
    k, e = r.randint(5, 60), r.randint(0, 9)
    which, test = r.choice(list(KEEP.items()))
    how, change = r.choice(list(CHANGE.items()))
    which, test, how, change = (s.format(k=k, e=e) for s in (which, test, how, change))
    data = [r.randint(-40, 120) for _ in range(9)]
    name = r.choice(["pick", "select", "transform", "collect", "sift"])
    ask = r.choice(
        [
            f"Write a Python function `{name}` that keeps the {which} of a list and returns them {how}.",
            f"In Python: from a list of integers take the {which}, return each {how}. Show it on {data}.",
            f"I have sensor readings from the {r.choice(PLACES)}, e.g. {data}. How do I get the {which}, {how}, in Python?",
        ]
    )
    code = f"def {name}(numbers):\n    return [{change} for n in numbers if {test}]\n\n\nprint({name}({data}))"
    return ask, answer(r, code, f"A list comprehension filters with `{test}` and computes `{change}` for what remains.")


@family("coding", 40)
def _group_and_count(r: Random) -> Made:
    words = r.sample(PLAIN_WORDS, 8)
    field, expr = r.choice(
        [("first letter", "w[0]"), ("length", "len(w)"), ("last letter", "w[-1]"), ("number of vowels", "sum(c in 'aeiou' for c in w)")]
    )
    how = r.choice(["dictionary of lists", "dictionary of counts"])
    counts = how.endswith("counts")
    who = r.choice(NAMES)
    ask = r.choice(
        [
            f"Group words by {field} into a {how}, in Python. Test with {', '.join(words)}.",
            f"{who} needs a function that makes a {how} out of a word list, keyed by {field}. Words: {' '.join(words)}",
            f"Python exercise: given {words}, build a {how} whose keys are the {field} of each word.",
        ]
    )
    body = (
        f"        key = {expr}\n        groups[key] = groups.get(key, 0) + 1\n"
        if counts
        else f"        groups.setdefault({expr}, []).append(w)\n"
    )
    code = f"def group(words):\n    groups = {{}}\n    for w in words:\n{body}    return groups\n\n\nprint(group({words}))"
    tip = "`dict.get` with a default avoids a key error" if counts else "`setdefault` makes the list on first use"
    return ask, answer(r, code, f"The key is `{expr}`; {tip}.")


@family("coding", 40)
def _class_with_methods(r: Random) -> Made:
    thing, unit = r.choice([("Jar", "spoons"), ("Tank", "litres"), ("Wallet", "coins"), ("Battery", "units"), ("Shelf", "books")])
    cap, put, take = r.randint(20, 90), r.randint(5, 60), r.randint(2, 50)
    add, remove = r.choice([("fill", "drain"), ("add", "remove"), ("load", "unload"), ("put", "take")])
    who = r.choice([f"a game about {a(r.choice(JOBS))}", f"the {r.choice(PLACES)}", f"a lesson in {r.choice(CITIES)}"])
    ask = r.choice(
        [
            f"Make a Python class `{thing}` with a capacity of {cap} {unit} and methods `{add}` and `{remove}` that never "
            f"leave the range. It is for {who}.",
            f"For {who}: `{thing}` class, `{add}(n)` and `{remove}(n)` clamp between 0 and {cap} {unit}. Demonstrate it.",
        ]
    )
    code = (
        f"class {thing}:\n    def __init__(self, capacity={cap}):\n        self.capacity = capacity\n        self.{unit} = 0\n\n"
        f"    def {add}(self, n):\n        self.{unit} = min(self.capacity, self.{unit} + n)\n\n"
        f"    def {remove}(self, n):\n        self.{unit} = max(0, self.{unit} - n)\n\n\n"
        f"x = {thing}()\nx.{add}({put})\nprint(x.{unit})\nx.{remove}({take})\nprint(x.{unit})"
    )
    return ask, answer(r, code, f"`min` caps the content at {cap} and `max` stops it at zero, so no check is needed elsewhere.")


LOOPS = [
    ("the digits sum of {n}", "total = sum(int(d) for d in str({n}))\nprint(total)", "Converting to a string gives the digits one by one."),
    ("all divisors of {n}", "print([d for d in range(1, {n} + 1) if {n} % d == 0])", "Trial division is fast enough for numbers this small."),
    ("the Collatz steps from {n} down to 1", "n, steps = {n}, 0\nwhile n != 1:\n    n = n // 2 if n % 2 == 0 else 3 * n + 1\n    steps += 1\nprint(steps)", "Halve even numbers, triple odd ones and add one, and count."),
    ("the prime factors of {n}", "n, d, found = {n}, 2, []\nwhile n > 1:\n    while n % d == 0:\n        found.append(d)\n        n //= d\n    d += 1\nprint(found)", "Each divisor is removed completely before the next is tried."),
    ("the binary form of {n} without bin()", "n, bits = {n}, ''\nwhile n:\n    bits = str(n % 2) + bits\n    n //= 2\nprint(bits)", "Remainders appear from the last bit to the first, so prepend them."),
    ("the number {n} written backwards", "print(int(str({n})[::-1]))", "A slice with step -1 reverses the string; `int` drops leading zeros."),
    ("the Fibonacci numbers below {n}", "a, b = 0, 1\nout = []\nwhile a < {n}:\n    out.append(a)\n    a, b = b, a + b\nprint(out)", "Tuple assignment moves the pair one step on."),
    ("the integer square root of {n} by bisection", "low, high = 0, {n}\nwhile low < high:\n    mid = (low + high + 1) // 2\n    if mid * mid <= {n}:\n        low = mid\n    else:\n        high = mid - 1\nprint(low)", "The invariant is low² ≤ n, and the interval halves each time."),
]


@family("coding", 50)
def _number_loops(r: Random) -> Made:
    what, code, note = r.choice(LOOPS)
    n = r.randint(30, 9000)
    ask = r.choice(
        [
            f"Python snippet that prints {what.format(n=n)}?",
            f"How would {a(r.choice(JOBS))} who learns Python compute {what.format(n=n)}?",
            f"Show {what.format(n=n)} with plain Python, no imports. It is for {r.choice(NAMES)}'s homework.",
            f"Write code for {what.format(n=n)} and run it.",
        ]
    )
    return ask, answer(r, code.format(n=n), note)


@family("coding", 40)
def _predict_output(r: Random) -> Made:
    x, y, k = r.randint(2, 9), r.randint(10, 40), r.randint(2, 5)
    word, other = r.sample(PLAIN_WORDS, 2)
    code, why = r.choice(
        [
            (f"items = list(range({x}, {y}, {k}))\nprint(items[-1], len(items))", f"`range` stops before {y} and goes in steps of {k}"),
            (f"text = '{word}'\nprint(text[{k}:] + text[:{k}])", f"the slices split the word after {k} characters and swap the parts"),
            (f"total = 0\nfor i in range({x}, {y}):\n    if i % {k} == 0:\n        continue\n    total += i\nprint(total)", f"multiples of {k} are skipped by `continue`"),
            (f"a = ['{word}', '{other}']\nb = a\nb.append({x})\nprint(len(a), a[-1])", "both names refer to one and the same list"),
            (f"d = {{c: i for i, c in enumerate('{word}')}}\nprint(sorted(d.items())[:{k}])", "a repeated letter keeps its last index, and pairs sort by letter"),
            (f"print('-'.join(sorted(set('{word}{other}'))))", "a set drops repeated letters and `sorted` orders the rest"),
            (f"x, y = {x}, {y}\nx, y = y % x, x ** {k}\nprint(x, y)", "the right side is evaluated completely before the assignment"),
        ]
    )
    ask = r.choice(["What does this print?", "Predict the output and explain.", "Trace this code by hand:", "Which output appears, and why?"])
    return f"{ask}\n\n```python\n{code}\n```", f"It prints\n\n```text\n{run(code)}\n```\n\nbecause {why}."


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
    return ask, answer(r, code, f"The condition goes into `WHERE`, the order into `ORDER BY {field} {order}`; ties fall back on the name.")


@family("coding", 40)
def _text_helpers(r: Random) -> Made:
    words = r.sample(PLAIN_WORDS, 5)
    text = " ".join(words)
    name, what, body, note = r.choice(
        [
            ("initials", "returns the initials of a phrase in capitals", "''.join(w[0].upper() for w in text.split())", "`split` without arguments copes with several spaces."),
            ("longest", "returns the longest word (the first, if several tie)", "max(text.split(), key=len)", "`max` keeps the first of equal candidates."),
            ("vowels", "counts the vowels", "sum(c in 'aeiou' for c in text.lower())", "True counts as 1, so `sum` can count conditions."),
            ("shout", "capitalises every other letter", "''.join(c.upper() if i % 2 else c for i, c in enumerate(text))", "`enumerate` gives the index that the test needs."),
            ("squeeze", "drops repeated letters but keeps their order", "''.join(dict.fromkeys(text.replace(' ', '')))", "Dictionaries keep insertion order and hold each key once."),
            ("caesar", "shifts each letter by three places", "''.join(chr((ord(c) - 97 + 3) % 26 + 97) if c.isalpha() else c for c in text)", "The modulus wraps z round to c."),
            ("title", "turns a phrase into a file name", "text.lower().replace(' ', '-') + '.txt'", "Lower case and hyphens are safe on every system."),
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
        [("total weight", "0", "out.get(k, 0) + row[2]"), ("largest weight", "0", "max(out.get(k, 0), row[2])"), ("number of entries", "0", "out.get(k, 0) + 1")]
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
    return ask, answer(r, code, f"One pass over the rows is enough: the dictionary holds the {agg} seen so far, starting at {init}.")


@family("coding", 35)
def _fix_the_bug(r: Random) -> Made:
    data = [r.randint(1, 60) for _ in range(6)]
    k, who = r.randint(2, 9), r.choice(NAMES)
    bad, good, why = r.choice(
        [
            ("def mean(xs):\n    return sum(xs) / len(xs) - 1", "def mean(xs):\n    return round(sum(xs) / len(xs), 2)", "nothing should be subtracted from the quotient; rounding keeps the display short"),
            ("def last(xs):\n    return xs[len(xs)]", "def last(xs):\n    return xs[-1]", "indexes run from 0 to len - 1, so `xs[len(xs)]` is out of range"),
            ("def smallest(xs):\n    best = 0\n    for x in xs:\n        if x < best:\n            best = x\n    return best", "def smallest(xs):\n    best = xs[0]\n    for x in xs:\n        if x < best:\n            best = x\n    return best", "no positive number is below 0, so start from the first element"),
            (f"def above(xs, out=[]):\n    for x in xs:\n        if x > {k}:\n            out.append(x)\n    return out", f"def above(xs):\n    out = []\n    for x in xs:\n        if x > {k}:\n            out.append(x)\n    return out", "a default list is made once and shared by all calls"),
            ("def total(xs):\n    for x in xs:\n        s = 0\n        s += x\n    return s", "def total(xs):\n    s = 0\n    for x in xs:\n        s += x\n    return s", "the sum was set to zero again in every round"),
            (f"def scaled(xs):\n    return [x] * {k}", f"def scaled(xs):\n    return [x * {k} for x in xs]", "multiplying a list repeats it; multiply each element instead"),
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
