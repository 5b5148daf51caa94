"""Small Python functions. The output shown in an answer is what running its code printed."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

import contextlib
import io
from random import Random

from .core import Made, family
from .words import CITIES, JOBS, NAMES, PLACES, PLAIN_WORDS, a


def run(code: str) -> str:
    """What the program prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {"__name__": "__main__"})
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
        [
            ("first letter", "w[0]"),
            ("length", "len(w)"),
            ("last letter", "w[-1]"),
            ("number of vowels", "sum(c in 'aeiou' for c in w)"),
        ]
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
    code = (
        f"def group(words):\n    groups = {{}}\n    for w in words:\n{body}    return groups\n\n\nprint(group({words}))"
    )
    tip = "`dict.get` with a default avoids a key error" if counts else "`setdefault` makes the list on first use"
    return ask, answer(r, code, f"The key is `{expr}`; {tip}.")


@family("coding", 40)
def _class_with_methods(r: Random) -> Made:
    thing, unit = r.choice(
        [("Jar", "spoons"), ("Tank", "litres"), ("Wallet", "coins"), ("Battery", "units"), ("Shelf", "books")]
    )
    cap, put, take = r.randint(20, 90), r.randint(5, 60), r.randint(2, 50)
    add, remove = r.choice([("fill", "drain"), ("add", "remove"), ("load", "unload"), ("put", "take")])
    who = r.choice([f"a game about {a(r.choice(JOBS))}", f"the {r.choice(PLACES)}", f"a lesson in {r.choice(CITIES)}"])
    ask = r.choice(
        [
            (
                f"Make a Python class `{thing}` with a capacity of {cap} {unit} and methods `{add}` and `{remove}` that never "
                f"leave the range. It is for {who}."
            ),
            f"For {who}: `{thing}` class, `{add}(n)` and `{remove}(n)` clamp between 0 and {cap} {unit}. Demonstrate it.",
        ]
    )
    code = (
        f"class {thing}:\n    def __init__(self, capacity={cap}):\n        self.capacity = capacity\n        self.{unit} = 0\n\n"
        f"    def {add}(self, n):\n        self.{unit} = min(self.capacity, self.{unit} + n)\n\n"
        f"    def {remove}(self, n):\n        self.{unit} = max(0, self.{unit} - n)\n\n\n"
        f"x = {thing}()\nx.{add}({put})\nprint(x.{unit})\nx.{remove}({take})\nprint(x.{unit})"
    )
    return ask, answer(
        r, code, f"`min` caps the content at {cap} and `max` stops it at zero, so no check is needed elsewhere."
    )


LOOPS = [
    (
        "the digits sum of {n}",
        "total = sum(int(d) for d in str({n}))\nprint(total)",
        "Converting to a string gives the digits one by one.",
    ),
    (
        "all divisors of {n}",
        "print([d for d in range(1, {n} + 1) if {n} % d == 0])",
        "Trial division is fast enough for numbers this small.",
    ),
    (
        "the Collatz steps from {n} down to 1",
        "n, steps = {n}, 0\nwhile n != 1:\n    n = n // 2 if n % 2 == 0 else 3 * n + 1\n    steps += 1\nprint(steps)",
        "Halve even numbers, triple odd ones and add one, and count.",
    ),
    (
        "the prime factors of {n}",
        "n, d, found = {n}, 2, []\nwhile n > 1:\n    while n % d == 0:\n        found.append(d)\n        n //= d\n    d += 1\nprint(found)",
        "Each divisor is removed completely before the next is tried.",
    ),
    (
        "the binary form of {n} without bin()",
        "n, bits = {n}, ''\nwhile n:\n    bits = str(n % 2) + bits\n    n //= 2\nprint(bits)",
        "Remainders appear from the last bit to the first, so prepend them.",
    ),
    (
        "the number {n} written backwards",
        "print(int(str({n})[::-1]))",
        "A slice with step -1 reverses the string; `int` drops leading zeros.",
    ),
    (
        "the Fibonacci numbers below {n}",
        "a, b = 0, 1\nout = []\nwhile a < {n}:\n    out.append(a)\n    a, b = b, a + b\nprint(out)",
        "Tuple assignment moves the pair one step on.",
    ),
    (
        "the integer square root of {n} by bisection",
        "low, high = 0, {n}\nwhile low < high:\n    mid = (low + high + 1) // 2\n    if mid * mid <= {n}:\n        low = mid\n    else:\n        high = mid - 1\nprint(low)",
        "The invariant is low² ≤ n, and the interval halves each time.",
    ),
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
            (
                f"items = list(range({x}, {y}, {k}))\nprint(items[-1], len(items))",
                f"`range` stops before {y} and goes in steps of {k}",
            ),
            (
                f"text = '{word}'\nprint(text[{k}:] + text[:{k}])",
                f"the slices split the word after {k} characters and swap the parts",
            ),
            (
                f"total = 0\nfor i in range({x}, {y}):\n    if i % {k} == 0:\n        continue\n    total += i\nprint(total)",
                f"multiples of {k} are skipped by `continue`",
            ),
            (
                f"a = ['{word}', '{other}']\nb = a\nb.append({x})\nprint(len(a), a[-1])",
                "both names refer to one and the same list",
            ),
            (
                f"d = {{c: i for i, c in enumerate('{word}')}}\nprint(sorted(d.items())[:{k}])",
                "a repeated letter keeps its last index, and pairs sort by letter",
            ),
            (
                f"print('-'.join(sorted(set('{word}{other}'))))",
                "a set drops repeated letters and `sorted` orders the rest",
            ),
            (
                f"x, y = {x}, {y}\nx, y = y % x, x ** {k}\nprint(x, y)",
                "the right side is evaluated completely before the assignment",
            ),
        ]
    )
    ask = r.choice(
        [
            "What does this print?",
            "Predict the output and explain.",
            "Trace this code by hand:",
            "Which output appears, and why?",
        ]
    )
    return f"{ask}\n\n```python\n{code}\n```", f"It prints\n\n```text\n{run(code)}\n```\n\nbecause {why}."
