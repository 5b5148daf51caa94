"""Geometry, unit conversion, money, bases and numerals."""

# templates and word lists are kept as they will be printed; a word list is easier to read and to extend as one string
# ruff: noqa: E501, SIM905
from __future__ import annotations

import math
from random import Random

from .core import Made, family
from .words import CITIES, EVENTS, FOODS, JOBS, NAMES, PLACES, a, money, plain

#: unit -> (other unit, factor exact by definition)
UNITS = {
    "miles": ("kilometres", 1.609344),
    "pounds": ("kilograms", 0.45359237),
    "inches": ("centimetres", 2.54),
    "feet": ("metres", 0.3048),
    "ounces": ("grams", 28.349523125),
    "nautical miles": ("kilometres", 1.852),
    "hectares": ("square metres", 10000.0),
    "knots": ("kilometres per hour", 1.852),
    "yards": ("metres", 0.9144),
    "acres": ("square metres", 4046.8564224),
}


@family("math", 40)
def _unit_conversion(r: Random) -> Made:
    unit = r.choice(sorted(UNITS))
    other, factor = UNITS[unit]
    value = r.choice([r.randint(3, 80), r.randint(100, 950), r.randint(5, 400) / 4])
    why = r.choice(
        [
            f"for {a(r.choice(JOBS))} in {r.choice(CITIES)}",
            f"on the notice of the {r.choice(PLACES)}",
            f"for the {r.choice(EVENTS)} leaflet",
            f"as {r.choice(NAMES)} only thinks in {other}",
        ]
    )
    text = plain(value)
    ask = r.choice(
        [
            f"Convert {text} {unit} to {other}, {why}.",
            f"How many {other} are {text} {unit}? I need it {why}.",
            f"{text} {unit} in {other}, rounded to two decimals please, {why}.",
        ]
    )
    return ask, (
        f"Use {plain(factor, 9)} {other} for each of the {unit}: {text} × {plain(factor, 9)} ≈ {plain(value * factor)}. "
        f"So {text} {unit} are about {plain(value * factor)} {other}. For orientation, 10 {unit} make "
        f"{plain(10 * factor)} and 100 {unit} {plain(100 * factor)} {other}."
    )


@family("math", 30)
def _temperature(r: Random) -> Made:
    city, c = r.choice(CITIES), r.randint(-30, 44)
    f = c * 9 / 5 + 32
    what = r.choice(["forecast", "water reading", "cellar thermometer", "greenhouse log", "weather station"])
    if r.random() < 0.5:
        return (
            f"The {what} in {city} says {c} °C. {r.choice(['What is that in Fahrenheit?', 'Fahrenheit, please.'])}",
            (
                f"Multiply by 9/5 and add 32: {c} × 1.8 + 32 = {plain(f, 1)}. So {c} °C is {plain(f, 1)} °F. Two points to "
                "remember: water freezes at 32 °F and boils at 212 °F."
            ),
        )
    return (
        (
            f"{r.choice(['My cousin', 'A colleague', 'The landlord'])} in {city} reports {plain(f, 1)} °F on the {what}; "
            f"how much is it in Celsius?"
        ),
        (
            f"Subtract 32 and multiply by 5/9: ({plain(f, 1)} − 32) × 5/9 = {c}. It is {c} °C, "
            f"{'below' if c < 0 else 'not below'} freezing."
        ),
    )


@family("math", 35)
def _floor_cost(r: Random) -> Made:
    w, h, price = r.randrange(20, 95, 5) / 10, r.randrange(20, 120, 5) / 10, r.randrange(900, 6400, 50)
    area = round(w * h, 4)
    what = r.choice(["oak boards", "cork", "carpet", "terracotta tiles", "linoleum", "slate"])
    room, job = r.choice(["hall", "kitchen", "studio", "bedroom", "chapel", "reading room"]), r.choice(JOBS)
    ask = r.choice(
        [
            (
                f"A rectangular {room} measures {plain(w)} m by {plain(h)} m. What does it cost to cover it with {what} at "
                f"{money(price)} per square metre?"
            ),
            (
                f"{a(job).capitalize()} covers the {plain(w)} m × {plain(h)} m floor of the {room} with {what} "
                f"({money(price)}/m²). Area and price?"
            ),
        ]
    )
    cost = round(area * price)
    return ask, (
        f"Area: {plain(w)} m × {plain(h)} m = {plain(area)} m². Cost: {plain(area)} × {money(price)} ≈ {money(cost)}. "
        f"{r.choice(['Allow a tenth more for offcuts.', 'Delivery is not included.', 'Rounded to the cent.'])}"
    )


@family("math", 30)
def _right_triangle(r: Random) -> Made:
    k = r.randint(1, 9)
    x, y, z = (k * v for v in r.choice([(3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (9, 40, 41)]))
    place = r.choice(PLACES)
    ask = r.choice(
        [
            (
                f"A ladder leans on the wall of the {place}. Its foot is {x} dm from the wall and it reaches {y} dm up. How "
                f"long is the ladder?"
            ),
            f"{r.choice(NAMES)} walks {x} m east and {y} m north from the {place}. What is the straight distance back?",
            f"Find the hypotenuse and the area of a right triangle with legs {x} cm and {y} cm.",
        ]
    )
    area = f" The area is {x} × {y} / 2 = {plain(x * y / 2)} cm²." if "area" in ask else ""
    unit = "dm" if "dm" in ask else "cm" if "cm" in ask else "m"
    return ask, f"By Pythagoras, {x}² + {y}² = {x * x} + {y * y} = {z * z}, and √{z * z} = {z}. So: {z} {unit}.{area}"


@family("math", 30)
def _round_things(r: Random) -> Made:
    d, h = r.randint(4, 60), r.randint(5, 90)
    thing = r.choice(["pond", "table", "clock face", "well cover", "carpet", "stage", "flower bed"])
    place = r.choice(PLACES)
    if r.random() < 0.5:
        return (
            f"The round {thing} of the {place} is {d} dm across. {r.choice(['Give its circumference and area.', 'How long is its edge and how large its surface?'])}",
            (
                f"The radius is {plain(d / 2)} dm. Circumference: π × {d} ≈ {math.pi * d:.1f} dm. Area: π × {plain(d / 2)}² ≈ "
                f"{math.pi * d * d / 4:.1f} dm²."
            ),
        )
    food = r.choice(FOODS)
    return (
        f"How many litres of {food} fit into a cylindrical drum {d} cm wide and {h} cm high at the {place}?",
        (
            f"Volume = π × r² × h = π × {plain(d / 2)}² × {h} ≈ {math.pi * d * d / 4 * h:,.0f} cm³. A litre is 1000 cm³, so "
            f"the drum holds about {math.pi * d * d / 4 * h / 1000:.1f} litres."
        ),
    )


@family("math", 35)
def _bases(r: Random) -> Made:
    n = r.randint(17, 4000)
    name, base, spec = r.choice([("binary", 2, "b"), ("hexadecimal", 16, "x"), ("octal", 8, "o")])
    digits = format(n, spec).upper()
    if r.random() < 0.5:
        rows, rest = [], n
        while rest:
            rows.append(f"{rest} = {rest // base} × {base} + {rest % base}")
            rest //= base
        return (
            r.choice(
                [f"Write {n} in {name}.", f"What is decimal {n} in {name} notation?", f"{n} to {name}, with working"]
            ),
            f"Divide by {base} again and again and read the remainders from the bottom:\n\n"
            + "\n".join(rows)
            + f"\n\nSo {n} is {digits} in {name}.",
        )
    total = " + ".join(f"{int(c, 16)}·{base}^{len(digits) - 1 - i}" for i, c in enumerate(digits) if c != "0")
    return (
        r.choice(
            [
                f"Convert the {name} number {digits} to decimal.",
                f"{name.capitalize()} {digits} is which decimal number?",
            ]
        ),
        f"Each digit stands for a power of {base}: {total} = {n}. So the decimal value is {n}.",
    )


def roman(n: int) -> str:
    """The Roman numeral of n, 1 to 3999."""
    marks = zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "M CM D CD C XC L XL X IX V IV I".split(),
        strict=True,
    )
    out = ""
    for value, mark in marks:
        out += mark * (n // value)
        n %= value
    return out


@family("math", 30)
def _roman_numerals(r: Random) -> Made:
    n, place = r.randint(14, 2200), r.choice(PLACES)
    where = r.choice(
        ["above the door", "on the foundation stone", "on a brass plate", "in the colophon", "on the bell"]
    )
    blocks = [v for v in (n // 1000 * 1000, n % 1000 // 100 * 100, n % 100 // 10 * 10, n % 10) if v]
    split = ", ".join(f"{v} = {roman(v)}" for v in blocks)
    if r.random() < 0.5:
        return (
            f"The {place} wants the number {n} {where} in Roman numerals. How is it written?",
            f"Go digit by digit: {split}. Put together, {n} is {roman(n)}.",
        )
    return (
        f"I saw {roman(n)} {where} at the {place}. Which number is that?",
        f"Reading the groups from the left: {', '.join(f'{roman(v)} = {v}' for v in blocks)}. The sum is {n}.",
    )


@family("math", 30)
def _savings_interest(r: Random) -> Made:
    who, start, pct, years = (
        r.choice(NAMES),
        r.randrange(500, 9500, 250),
        r.choice([1.5, 2, 2.5, 3, 4]),
        r.randint(2, 5),
    )
    value, rows = float(start), []
    for year in range(1, years + 1):
        value *= 1 + pct / 100
        rows.append(f"after year {year}: €{value:,.2f}")
    why = r.choice([f"a trip to {r.choice(CITIES)}", f"training as {a(r.choice(JOBS))}", "a cargo bike", "a new roof"])
    ask = r.choice(
        [
            (
                f"{who} puts €{start:,} aside for {why} at {plain(pct)}% compound interest a year. What is there after "
                f"{years} years?"
            ),
            f"Saving for {why}: €{start:,} grow by {plain(pct)}% yearly, interest reinvested, {years} years. Final sum?",
        ]
    )
    return ask, (
        f"Each year multiplies the balance by {plain(1 + pct / 100, 4)}: {'; '.join(rows)}. "
        f"{'So' if r.random() < 0.5 else 'In short,'} €{start:,} become €{value:,.2f}, a gain of €{value - start:,.2f}."
    )


@family("math", 30)
def _fuel_trip(r: Random) -> Made:
    (x, y), km, use, price = (
        r.sample(CITIES, 2),
        r.randrange(80, 1400, 20),
        r.randrange(45, 95) / 10,
        r.randint(135, 199),
    )
    litres = km * use / 100
    seats = r.randint(2, 5)
    cost = round(litres * price)
    return (
        r.choice(
            [
                (
                    f"The drive from {x} to {y} is {km} km. My car uses {use} litres per 100 km and fuel costs "
                    f"{money(price)} a litre. What does each of {seats} passengers owe?"
                ),
                (
                    f"{seats} people share petrol for {km} km ({x} to {y}); consumption {use} l/100 km, {money(price)} per "
                    f"litre. Cost per head?"
                ),
            ]
        ),
        (
            f"Fuel needed: {km} × {use} / 100 = {plain(litres, 3)} litres. At {money(price)} that costs about {money(cost)}. "
            f"Divided by {seats}, everyone pays roughly {money(round(cost / seats))}."
        ),
    )


@family("math", 30)
def _sequences(r: Random) -> Made:
    start, step, n = r.randint(1, 40), r.randint(2, 17), r.randint(10, 40)
    terms = [start + step * i for i in range(5)]
    last = start + (n - 1) * step
    total = n * (start + last) // 2
    shown = ", ".join(map(str, terms))
    row = r.choice(
        [f"seats in the rows of the {r.choice(PLACES)}", "the savings of each week", "the tiles of each ring"]
    )
    ask = r.choice(
        [
            f"The sequence {shown}, … describes {row}. What is term number {n}, and the sum up to there?",
            f"Given {shown}, … ({row}), find value number {n} and the total of the first {n}.",
        ]
    )
    return ask, (
        f"Consecutive terms differ by {step}, so term {n} is {start} + {n - 1} × {step} = {last}. The sum of the first "
        f"{n} terms is {n} × ({start} + {last}) / 2 = {total}."
    )
