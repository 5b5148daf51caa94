"""Word problems and sums whose answers the maker computes."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from random import Random

from .core import Made, family
from .words import CITIES, EVENTS, FOODS, GOODS, JOBS, NAMES, PLACES, a, money, person, plain


@family("math", 40)
def _shopping_change(r: Random) -> Made:
    who, shop = r.choice(NAMES), r.choice(PLACES)
    (x, y), n, m = r.sample(GOODS, 2), r.randint(2, 9), r.randint(2, 7)
    p, q = r.randrange(120, 1500, 5), r.randrange(80, 2400, 5)
    total = n * p + m * q
    note = next(v for v in (2000, 5000, 10000, 20000, 50000) if v > total)
    ask = r.choice(
        [
            (
                f"At the stall of the {shop}, {who} buys {n} {x} at {money(p)} each and {m} {y} at {money(q)} each, "
                f"and pays with {money(note)}. How much change is due?"
            ),
            (
                f"{who} wants {n} {x} ({money(p)} apiece) plus {m} {y} ({money(q)} apiece). What does that cost, and what "
                f"is left of {money(note)}?"
            ),
            f"Work out the change: {money(note)} handed over for {m} {y} priced {money(q)} and {n} {x} priced {money(p)}.",
        ]
    )
    answer = (
        f"The {x} come to {n} × {money(p)} = {money(n * p)} and the {y} to {m} × {money(q)} = {money(m * q)}. "
        f"Together that is {money(total)}"
    )
    end = r.choice([", so the change is {}.", ". From {} subtract the bill: {} comes back."])
    fill = (money(note - total),) if end.startswith(",") else (money(note), money(note - total))
    return ask, answer + end.format(*fill)


@family("math", 40)
def _bare_expression(r: Random) -> Made:
    p, q, s, t = r.randint(12, 98), r.randint(3, 19), r.randint(11, 90), r.randint(2, 9)
    shape = r.randrange(4)
    if shape == 0:
        text, value = f"{p} * {q} - {s} * {t}", p * q - s * t
        steps = f"Multiplication goes first: {p} × {q} = {p * q} and {s} × {t} = {s * t}. The difference is {value}."
    elif shape == 1:
        text, value = f"({p} + {s}) * {t} - {q}", (p + s) * t - q
        steps = f"The bracket gives {p + s}; times {t} that is {(p + s) * t}; minus {q} leaves {value}."
    elif shape == 2:
        text, value = f"{p * t} / {t} + {s} * {q}", p + s * q
        steps = f"Dividing, {p * t} / {t} = {p}. Multiplying, {s} × {q} = {s * q}. Their sum is {value}."
    else:
        text, value = f"{t}**3 + {p} - {q} * {t}", t**3 + p - q * t
        steps = f"The cube of {t} is {t**3} and {q} × {t} = {q * t}, so we get {t**3} + {p} - {q * t} = {value}."
    lead = r.choice(
        ["Evaluate {}", "What is {}?", "Compute {} and show the steps.", "Work this out by hand: {}", "Value of {}?"]
    )
    return lead.format(text), steps


@family("math", 35)
def _discount(r: Random) -> Made:
    thing, pct, price = r.choice(GOODS), r.choice([5, 10, 12, 15, 20, 25, 30, 35, 40]), r.randrange(1600, 24000, 100)
    off = price * pct // 100
    who, place = person(r), r.choice(PLACES)
    ask = r.choice(
        [
            f"The {place} sells a box of {thing} for {money(price)}. Members get {pct}% off. What do members pay?",
            f"{who} sees {thing} reduced by {pct} percent from {money(price)}. Find the sale price.",
            f"A supplier grants the {place} a {pct}% rebate on an order of {thing} worth {money(price)}; what is billed?",
        ]
    )
    way = r.choice(
        [
            (
                f"{pct}% of {money(price)} is {money(off)}, and {money(price)} − {money(off)} = {money(price - off)}. "
                f"So the price to pay is {money(price - off)}."
            ),
            (
                f"Paying after {pct}% off means paying {100 - pct}% of the price: 0.{100 - pct:02d} × {money(price)} = "
                f"{money(price - off)}, a saving of {money(off)}."
            ),
        ]
    )
    return ask, way


@family("math", 35)
def _percent_change(r: Random) -> Made:
    place, city, year = r.choice(PLACES), r.choice(CITIES), r.randint(2009, 2021)
    old, pct = r.randrange(200, 4000, 100), r.choice([-45, -30, -24, -15, -8, 4, 9, 12, 18, 25, 37, 60])
    new = old + old * pct // 100
    what = r.choice(["visitors", "members", "orders", "phone calls", "subscribers", "complaints"])
    ask = r.choice(
        [
            (
                f"In {year} the {place} in {city} counted {old} {what}; a year later it counted {new}. "
                f"By what percentage did the number change?"
            ),
            f"{what.capitalize()} at a {city} {place} went from {old} to {new} after {year}. Express that as a percent.",
            f"Percentage change, please: {new} {what} now against {old} in {year} ({place}, {city}).",
        ]
    )
    verb = "rise" if pct > 0 else "fall"
    return ask, (
        f"The difference is {new} − {old} = {new - old}. Relative to the starting value, {new - old} / {old} = "
        f"{pct / 100:.2f}, {r.choice(['which is', 'that is', 'i.e.'])} a {verb} of {abs(pct)}%."
    )


@family("math", 35)
def _ratio_share(r: Random) -> Made:
    people, parts, unit = r.sample(NAMES, 3), [r.randint(1, 7) for _ in range(3)], r.randint(6, 90)
    total, what = sum(parts) * unit, r.choice(["prize money", "the fee", "the tips", "an inheritance", "the royalties"])
    job = r.choice(JOBS)
    ask = r.choice(
        [
            (
                f"{people[0]}, {people[1]} and {people[2]} split {what} of €{total} in the ratio {parts[0]}:{parts[1]}:"
                f"{parts[2]}. How much does each get?"
            ),
            (
                f"Three friends who work with {a(job)} divide €{total} ({what}): {people[0]} takes {parts[0]} shares, "
                f"{people[1]} {parts[1]} and {people[2]} {parts[2]}. State each amount."
            ),
        ]
    )
    rows = "; ".join(f"{n} gets {p} × {unit} = €{p * unit}" for n, p in zip(people, parts, strict=True))
    return (
        ask,
        f"There are {sum(parts)} shares in all, so one share is €{total} / {sum(parts)} = €{unit}. Hence {rows}.",
    )


@family("math", 35)
def _meeting_trains(r: Random) -> Made:
    (x, y), u, v, hours = r.sample(CITIES, 2), r.randrange(40, 120, 5), r.randrange(45, 140, 5), r.randint(2, 6)
    thing = r.choice(["trains", "coaches", "delivery vans", "motorcycles", "cargo drones"])
    gap, start = (u + v) * hours, r.randint(5, 15)
    ask = (
        f"Two {thing} leave {x} and {y}, {gap} km apart, at {start}:00 and head towards each other at {u} km/h and "
        f"{v} km/h. {r.choice(['When do they meet?', 'At what time and how far from ' + x + ' do they meet?'])}"
    )
    return ask, (
        f"{r.choice(['They close the gap at', 'Their combined speed is'])} {u} + {v} = {u + v} km/h, so {gap} km take "
        f"{gap} / {u + v} = {hours} hours. They meet at {start + hours}:00, {u * hours} km from {x} and {v * hours} km "
        f"from {y}."
    )


@family("math", 35)
def _mean_of(r: Random) -> Made:
    n, who, event = r.randint(4, 8), r.choice(NAMES), r.choice(EVENTS)
    data = [r.randint(8, 95) for _ in range(n)]
    data[-1] += (-sum(data)) % n
    mid = sorted(data)
    median = Fraction(mid[(n - 1) // 2] + mid[n // 2], 2)
    what = r.choice(["minutes", "points", "kilometres", "tickets", "pages", "litres"])
    ask = r.choice(
        [
            f"{who} noted these {what} at the {event}: {', '.join(map(str, data))}. Find the mean and the median.",
            f"Give mean and median of {', '.join(map(str, data))} ({what}, recorded during the {event}).",
        ]
    )
    return ask, (
        f"Mean: the sum is {sum(data)}, and {sum(data)} / {n} = {sum(data) // n}. Median: in order the values are "
        f"{', '.join(map(str, mid))}; with {n} values the middle is {plain(float(median))}. So the mean is "
        f"{sum(data) // n} {what} and the median {plain(float(median))} {what}."
    )


@family("math", 35)
def _lcm_gcd(r: Random) -> Made:
    g = r.randint(2, 15)
    x, y = (g * k for k in r.sample(range(2, 14), 2))
    event, place = r.choice(EVENTS), r.choice(PLACES)
    if r.random() < 0.5:
        return (
            r.choice(
                [
                    (
                        f"A bell at the {place} rings every {x} minutes, another every {y} minutes. They just rang together; "
                        f"in how many minutes will they do so again?"
                    ),
                    (
                        f"For the {event}, badges come in packs of {x} and lanyards in packs of {y}. What is the smallest "
                        f"equal number of both that can be bought?"
                    ),
                ]
            ),
            (
                f"That is the least common multiple. gcd({x}, {y}) = {gcd(x, y)}, and {x} × {y} / {gcd(x, y)} = "
                f"{lcm(x, y)}. So the answer is {lcm(x, y)}."
            ),
        )
    return (
        (
            f"The {place} has {x} red and {y} blue tickets for the {event} and wants identical bundles with nothing left "
            f"over. What is the largest possible number of bundles?"
        ),
        (
            f"It must divide both numbers, so take the greatest common divisor: gcd({x}, {y}) = {gcd(x, y)}. Each of the "
            f"{gcd(x, y)} bundles holds {x // gcd(x, y)} red and {y // gcd(x, y)} blue tickets."
        ),
    )


@family("math", 35)
def _recipe_scale(r: Random) -> Made:
    base, want = r.choice([(2, 6), (4, 6), (4, 10), (6, 9), (8, 12), (5, 8), (3, 12), (6, 4), (10, 25)])
    items = [(f, r.randrange(40, 900, 20)) for f in r.sample(FOODS, 3)]
    dish = r.choice(["stew", "tray bake", "salad", "soup", "pilaf", "crumble", "casserole"])
    text = ", ".join(f"{g} g {f}" for f, g in items)
    ask = r.choice(
        [
            f"A {dish} for {base} people takes {text}. Scale it for {want}.",
            f"I am cooking {a(dish)} for {want} guests but the recipe ({text}) serves {base}. What do I need?",
        ]
    )
    rows = "\n".join(f"- {f}: {g} × {want}/{base} = {plain(g * want / base, 1)} g" for f, g in items)
    factor = plain(want / base, 3)
    return ask, f"Multiply every amount by {want}/{base} (that is {factor}).\n\n{rows}\n\nTaste before you salt."


@family("math", 30)
def _linear_equation(r: Random) -> Made:
    x, p, q, s = r.randint(-12, 20), r.randint(2, 14), r.randint(-30, 30) or 7, r.randint(15, 60)
    letter = r.choice("nkxyzmtw")
    if r.random() < 0.5:
        text = f"{p}{letter} {'+' if q > 0 else '-'} {abs(q)} = {p * x + q}"
        move = f"{'Subtract' if q > 0 else 'Add'} {abs(q)} on both sides: {p}{letter} = {p * x}."
        return (
            r.choice([f"Solve {text} for {letter}.", f"Find {letter} when {text}.", f"{text}: which {letter} fits?"]),
            f"{move} Divide by {p}: {letter} = {x}. Check: {p} × ({x}) {'+' if q > 0 else '-'} {abs(q)} = {p * x + q}.",
        )
    text = f"{p + s}{letter} = {s}{letter} + {p * x}"
    return (
        r.choice(
            [f"Which number {letter} satisfies {text}?", f"Solve the equation {text}.", f"Determine {letter}: {text}"]
        ),
        (
            f"Bring the terms with {letter} to one side: {p + s}{letter} − {s}{letter} = {p}{letter}, so {p}{letter} = {p * x} "
            f"and {letter} = {x}."
        ),
    )


@family("math", 30)
def _dice_and_draws(r: Random) -> Made:
    place, (x, y) = r.choice(PLACES), r.sample(["red", "blue", "green", "black", "white", "yellow"], 2)
    n, m = r.randint(3, 14), r.randint(3, 14)
    both = Fraction(n, n + m) * Fraction(n - 1, n + m - 1)
    what = r.choice(["marbles", "tokens", "balls", "beads", "counters"])
    ask = r.choice(
        [
            (
                f"A bag at the {place} holds {n} {x} and {m} {y} {what}. Two are drawn without putting any back. What is the "
                f"probability that both are {x}?"
            ),
            (
                f"From {n} {x} and {m} {y} {what} two are taken at random, one after the other. How likely is it to get {x} "
                f"twice?"
            ),
        ]
    )
    return ask, (
        f"The first is {x} with probability {n}/{n + m}; then {n - 1} of the remaining {n + m - 1} are {x}. The product "
        f"{n}/{n + m} × {n - 1}/{n + m - 1} is {both.numerator}/{both.denominator}, about {float(both):.3f}."
    )


@family("math", 30)
def _work_rate(r: Random) -> Made:
    x, y = r.choice([(3, 6), (4, 12), (6, 12), (10, 15), (12, 24), (5, 20), (20, 30), (6, 30), (8, 24), (9, 18)])
    (p, q), job = r.sample(NAMES, 2), r.choice(JOBS)
    task = r.choice(["paint the fence", "pack the parcels", "weed the beds", "sort the archive", "tile the hall"])
    both = Fraction(x * y, x + y)
    unit, place = r.choice(["hours", "days"]), r.choice(PLACES)
    ask = (
        f"{p} can {task} of the {place} in {x} {unit}; {q}, {a(job)}, needs {y} {unit}. "
        f"{r.choice(['How long do they take together?', 'If they share the work, when are they done?'])}"
    )
    return ask, (
        f"Per {unit[:-1]}, {p} does 1/{x} and {q} 1/{y} of the job. Together that is "
        f"{Fraction(1, x) + Fraction(1, y)} per {unit[:-1]}, so they need {plain(float(both))} {unit}."
    )
