"""Generated conversations of several turns."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

from random import Random

from .core import Made, family
from .words import CITIES, EVENTS, FOODS, GOODS, JOBS, NAMES, PLACES, PLAIN_WORDS, a, listed, money, plain


@family("math", 40)
def _order_dialogue(r: Random) -> Made:
    place, (x, y), n, m = r.choice(PLACES), r.sample(GOODS, 2), r.randint(3, 30), r.randint(3, 30)
    p, q, pct = r.randrange(100, 900, 20), r.randrange(100, 900, 20), r.choice([5, 10, 20, 25])
    first, second = n * p, n * p + m * q
    off = second * pct / 100
    turns = [
        f"For the {place} in {r.choice(CITIES)} I order {n} {x} at {money(p)}. What does that come to?",
        f"{n} × {money(p)} = {money(first)}.",
        r.choice([f"Add {m} {y} at {money(q)} each.", f"And with {m} {y}, {money(q)} a piece?"]),
        f"{m} × {money(q)} = {money(m * q)} more, so the order stands at {money(second)}.",
    ]
    if r.random() < 0.6:
        turns += [
            r.choice([f"They grant {pct}% off the whole. New total?", f"And after a {pct}% discount?"]),
            f"{pct}% of {money(second)} is €{off / 100:,.2f}; you pay €{(second - off) / 100:,.2f}.",
        ]
    return turns


@family("extraction", 35)
def _list_dialogue(r: Random) -> Made:
    items, extra = r.sample(FOODS + GOODS, 5), r.choice(PLAIN_WORDS)
    gone = r.choice(items)
    rest = [*(x for x in items if x != gone), extra]
    return [
        f"Keep a packing list for {r.choice(NAMES)}'s trip to {r.choice(CITIES)}: {', '.join(items)}.",
        f"Noted, {len(items)} entries: {listed(items)}.",
        r.choice([f"Strike {gone}, add {extra}.", f"We do not need {gone} after all, but {a(extra)} would be good."]),
        f"Done. {gone.capitalize()} is off, {extra} is on, so there are still {len(rest)} entries.",
        r.choice(["Read it back in alphabetical order.", "Show the list from A to Z."]),
        "\n".join(f"- {x}" for x in sorted(rest)),
    ]


@family("brainstorming", 30)
def _word_game_dialogue(r: Random) -> Made:
    word = r.choice([w for w in PLAIN_WORDS if len(w) > 5])
    vowels = sum(c in "aeiou" for c in word)
    guess = r.choice(
        [
            w
            for w in [*PLAIN_WORDS, "strawberry", "peppermint", "crocodile", "sapphire"]
            if len(w) == len(word) and w != word
        ]
    )
    shared = sum(x == y for x, y in zip(word, guess, strict=True))
    chain = r.choice([w for w in PLAIN_WORDS if w[0] == word[-1]] or [word[-1] + "-sharp"])
    return [
        (
            f"Let us play a word game for the {r.choice(EVENTS)}; {r.choice(NAMES)} joins in. Think of a word with "
            f"{len(word)} letters that starts with {word[0]} and ends with {word[-1]}, something {a(r.choice(JOBS))} would know."
        ),
        f"My word is “{word}”.",
        r.choice(
            [
                f"I had “{guess}” in mind. How many letters are in the same place?",
                f"Compare it with {guess}, place by place.",
            ]
        ),
        f"{shared} of {len(word)} places match between {word} and {guess}.",
        r.choice(
            [f"Now chain on from the last letter of {word}.", "Continue with a word that begins where yours ended."]
        ),
        f"“{word}” ends with {word[-1]}, so I say “{chain}”. By the way, {word} has {vowels} vowels.",
    ]


@family("open_qa", 30)
def _measure_dialogue(r: Random) -> Made:
    km, hours = r.randrange(12, 400, 2), r.randint(2, 9)
    who, (x, y) = r.choice(NAMES), r.sample(CITIES, 2)
    speed = km / hours
    how = r.choice(["cycled", "rowed", "hiked", "drove a tractor", "rode a horse"])
    return [
        f"{who} {how} {km} km in {hours} hours near {x}. How fast was that on average?",
        f"{km} / {hours} = {plain(speed)} km/h.",
        r.choice(["And in metres per second?", "What is it in m/s?"]),
        f"Divide by 3.6: about {plain(speed / 3.6)} m/s.",
        f"At this pace, how far would {r.choice(['one', 'she', 'a friend'])} get in {hours + 3} hours around {y}?",
        f"{plain(speed)} × {hours + 3} ≈ {plain(km * (hours + 3) / hours, 1)} km, breaks not counted.",
    ]
