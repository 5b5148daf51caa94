"""Closed QA and summaries over passages made from facts."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

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
    WEEKDAYS,
    a,
    listed,
    money,
    person,
)


@family("closed_qa", 40)
def _price_table(r: Random) -> Made:
    things = r.sample(GOODS, 4)
    cents = r.sample(range(150, 4800, 25), 4)
    text = f"Price list, {r.choice(PLACES)}, {r.choice(CITIES)}\n" + "\n".join(
        f"{t}: {money(c)}" for t, c in zip(things, cents, strict=True)
    )
    (x, p), (y, q) = r.sample(list(zip(things, cents, strict=True)), 2)
    low = things[cents.index(min(cents))]
    if r.random() < 0.5:
        n, m = r.randint(2, 8), r.randint(2, 8)
        ask = r.choice(
            [f"By the list, what do {n} × {x} and {m} × {y} cost?", f"Total for {n} {x} plus {m} {y}, please."]
        )
        return (
            ask,
            text,
            (
                f"{n} × {money(p)} = {money(n * p)} for {x}, {m} × {money(q)} = {money(m * q)} for {y}; together "
                f"{money(n * p + m * q)}."
            ),
        )
    ask = r.choice(
        [
            f"What is the cheapest entry, and are {x} dearer than {y}?",
            f"Compare {x} with {y}; which entry is cheapest of all?",
        ]
    )
    word = "dearer" if p > q else "cheaper"
    return (
        ask,
        text,
        (
            f"The cheapest entry is {low} at {money(min(cents))}. {x.capitalize()} ({money(p)}) are {word} than {y} "
            f"({money(q)}) by {money(abs(p - q))}."
        ),
    )


@family("closed_qa", 40)
def _biography(r: Random) -> Made:
    who, born, year, job = person(r), r.choice(CITIES), r.randint(1840, 1975), r.choice(JOBS)
    moved, city, built = year + r.randint(18, 30), r.choice(CITIES), r.choice(PLACES)
    prize = moved + r.randint(3, 25)
    hobby = r.choice(["raised " + r.choice(ANIMALS) + "s", "collected " + r.choice(GOODS), "grew " + r.choice(FOODS)])
    text = r.choice(
        [
            (
                f"{who} was born in {born} in {year} and trained as {a(job)}. In {moved} the family moved to {city}. There "
                f"{who.split()[0]} founded the {built} and {hobby}. A medal of the town followed in {prize}."
            ),
            (
                f"Few in {city} know that the {built} goes back to {who}, {a(job)} from {born} (born {year}), who came in "
                f"{moved}, {hobby} and was honoured with a medal in {prize}."
            ),
        ]
    )
    question, answer = r.choice(
        [
            (
                "How old was the person when the medal was given?",
                f"Born in {year} and honoured in {prize}: {who} turned {prize - year} that year",
            ),
            ("What did this person do for a living and found?", f"{who} worked as {a(job)} and founded the {built}"),
            (
                "Where was the founder born, and when did the move happen?",
                f"{who} was born in {born}; the move to {city} came in {moved}",
            ),
            (
                "How many years lie between the move and the medal?",
                f"The move was in {moved} and the medal in {prize}, so {prize - moved} years lie between",
            ),
        ]
    )
    ask = r.choice(["Answer from the text only. ", "", "Read the note. "]) + question
    return (
        ask,
        text,
        f"{answer}. {r.choice(['The text says so directly.', 'Nothing else in the text is needed.', f'(The note also says that {who.split()[0]} {hobby}.)'])}",
    )


@family("closed_qa", 40)
def _opening_hours(r: Random) -> Made:
    place, city, closed = r.choice(PLACES), r.choice(CITIES), r.choice(WEEKDAYS)
    early, late, week, end = r.randint(6, 9), r.randint(10, 11), r.randint(16, 20), r.randint(13, 15)
    fee, child = r.randrange(300, 1500, 50), r.randrange(100, 300, 50)
    age = r.randint(6, 16)
    text = (
        f"The {place} in {city} is open from {early}:00 to {week}:00 on weekdays and from {late}:00 to {end}:30 at the "
        f"weekend; {closed} is the closing day. Admission is {money(fee)}, or {money(child)} up to the age of {age}."
    )
    n, m = r.randint(1, 4), r.randint(1, 5)
    day = r.choice([d for d in WEEKDAYS if d != closed])
    hour = r.choice([early - 1, early + 1, late + 1, end + 1, week + 1])
    is_end = day in WEEKDAYS[5:]
    is_open = (late <= hour < end) if is_end else (early <= hour < week)
    questions = [
        (
            f"What do {n} adults and {m} children aged {age - 1} pay?",
            f"{n} × {money(fee)} + {m} × {money(child)} = {money(n * fee + m * child)}, since the children are not above {age}",
        ),
        (
            f"Can I go in on a {day} at {hour}:10?",
            f"{'Yes' if is_open else 'No'}: on a {day} it is open from {f'{late}:00 to {end}:30' if is_end else f'{early}:00 to {week}:00'}",
        ),
        (f"Is it worth coming on a {closed}?", f"No. {closed} is the closing day of the {place}, whatever the hour"),
    ]
    question, answer = r.choice(questions)
    return question + r.choice(["", " Use the notice.", " Please check the text."]), text, answer + "."


@family("closed_qa", 35)
def _who_has_what(r: Random) -> Made:
    people, beasts, colours = r.sample(NAMES, 4), r.sample(ANIMALS, 4), r.sample(COLOURS, 4)
    i = r.randrange(4)
    lines = [
        f"The owner of the {beasts[0]} lives in the {colours[0]} house.",
        f"{people[0]} keeps the {beasts[0]}.",
        f"{people[1]} lives in the {colours[1]} house and keeps the {beasts[1]}.",
        f"{people[2]} has no {beasts[3]}, and the {colours[2]} house is {people[2]}'s.",
        f"Four animals live here: {listed(beasts)}.",
        f"The last house, the {colours[3]} one, belongs to {people[3]}.",
    ]
    r.shuffle(lines)
    ask = r.choice(
        [
            f"Four neighbours, each with one animal and one house. Who keeps the {beasts[i]}, and in which house?",
            f"Solve the puzzle: what colour is the house with the {beasts[i]}, and whose is it?",
        ]
    )
    why = [
        f"It is said that {people[0]} keeps the {beasts[0]} and that its owner lives in the {colours[0]} house",
        f"This is stated outright for {people[1]}",
        f"The {beasts[0]} and the {beasts[1]} are taken and {people[2]} has no {beasts[3]}, which leaves the {beasts[2]}",
        f"Three animals go to {people[0]}, {people[1]} and {people[2]}, so the {beasts[3]} is left for {people[3]}",
    ][i]
    return ask, " ".join(lines), f"{people[i]} keeps the {beasts[i]} in the {colours[i]} house. {why}."


@family("summarization", 50)
def _meeting_minutes(r: Random) -> Made:
    place, (x, y, z), event = r.choice(PLACES), r.sample(NAMES, 3), r.choice(EVENTS)
    things, n, m = r.sample(GOODS, 2), r.randint(10, 90), r.randint(2, 9)
    day, cost = r.choice(WEEKDAYS), r.randrange(20000, 400000, 5000)
    asides = r.sample(
        [
            f"{z} came late because of the trams.",
            f"The coffee machine is still out of order, as {y} remarked.",
            f"{x} passed round photographs of {a(r.choice(ANIMALS))}.",
            f"Somebody had brought {r.choice(FOODS)} for everyone.",
            f"There was a longer exchange about the weather in {r.choice(CITIES)}.",
        ],
        2,
    )
    text = (
        f"{x} opened the meeting of the {place} at {r.randint(16, 19)}:{r.randint(10, 59)}. {asides[0]} The {event} will be on "
        f"{day}. {y} reported that {n} {things[0]} are ready and {m} boxes of {things[1]} are missing. {asides[1]} "
        f"The budget of {money(cost)} was approved without votes against. {z} will call the supplier before {day}."
    )
    ask = r.choice(
        [
            "Summarise the minutes in two sentences.",
            "Boil these minutes down to what was decided and who does what.",
            "Give me the gist of this meeting, without the small talk.",
            "Shorten the report to its essentials.",
        ]
    )
    out = r.choice(
        [
            (
                f"The {place} approved {money(cost)} for the {event} on {day}. {n} {things[0]} are ready, {m} boxes of "
                f"{things[1]} are missing, and {z} will call the supplier."
            ),
            (
                f"Decided: the {event} takes place on {day} with a budget of {money(cost)}. To do: {z} chases the missing {m} "
                f"boxes of {things[1]}; the {n} {things[0]} are ready."
            ),
        ]
    )
    return ask, text, out


@family("summarization", 45)
def _trend_summary(r: Random) -> Made:
    place, city, year = r.choice(PLACES), r.choice(CITIES), r.randint(1998, 2019)
    what = r.choice(["visitors", "loans", "members", "litres of milk", "repairs", "tickets"])
    data = [r.randrange(100, 3000, 10) for _ in range(5)]
    text = "; ".join(f"{year + i}: {v} {what}" for i, v in enumerate(data))
    hi, lo = max(data), min(data)
    ask = r.choice(
        [
            f"Summarise the figures of the {place} in {city} for a reader in a hurry.",
            f"Turn this series ({place}, {city}) into two plain sentences.",
            f"What do these five years at the {place} of {city} show, briefly?",
        ]
    )
    change = data[-1] - data[0]
    move = f"up by {change}" if change > 0 else f"down by {-change}" if change else "unchanged"
    return (
        ask,
        text,
        (
            f"The {place} counted {data[0]} {what} in {year} and {data[-1]} in {year + 4}, {move} over the period. The peak "
            f"was {hi} in {year + data.index(hi)}, the low {lo} in {year + data.index(lo)}; the mean is {sum(data) / 5:g}."
        ),
    )


@family("summarization", 45)
def _thread_summary(r: Random) -> Made:
    (x, y, z), event, city = r.sample(NAMES, 3), r.choice(EVENTS), r.choice(CITIES)
    (d1, d2), food, (g1, g2) = r.sample(WEEKDAYS, 2), r.choice(FOODS), r.sample(GOODS, 2)
    hour = r.randint(8, 19)
    text = "\n".join(
        [
            f"{x}: shall we go to the {event} in {city} on {d1}?",
            f"{y}: {d1} is bad, I have to fix the {g1}. {d2}?",
            f"{z}: {d2} is fine with me. I could bring {food}.",
            f"{x}: good, {d2} then. {hour}:30 at the fountain, and {y}, please bring the {g2}.",
            f"{y}: will do!",
        ]
    )
    ask = r.choice(
        [
            f"I missed the chat about {city}. What was agreed?",
            "Sum up this conversation in one or two sentences.",
            f"TL;DR of the messages between {x}, {y} and {z}?",
        ]
    )
    return (
        ask,
        text,
        (
            f"{x}, {y} and {z} {r.choice(['will meet', 'agreed to meet'])} on {d2} at {hour}:30 at the fountain to go to the "
            f"{event} in {city}; {d1} was ruled out. {z} brings {food} and {y} the {g2}."
        ),
    )


@family("closed_qa", 30)
def _directions(r: Random) -> Made:
    marks = r.sample(PLACES, 4)
    turns = [r.choice(["left", "right"]) for _ in range(3)]
    steps = [r.randrange(50, 900, 10) for _ in range(4)]
    text = (
        f"Start at the {marks[0]}. Walk {steps[0]} m, turn {turns[0]} at the {marks[1]}, go on for {steps[1]} m, turn "
        f"{turns[1]} at the {marks[2]}, then after {steps[2]} m turn {turns[2]}. The {marks[3]} is {steps[3]} m further on."
    )
    facing = 0
    for t in turns:
        facing = (facing + (1 if t == "right" else 3)) % 4
    way = ["north", "east", "south", "west"][facing]
    ask = r.choice(
        [
            "How long is the whole walk, and which way do I face at the end if I set out northwards?",
            f"I start facing north. Total distance to the {marks[3]}, and final direction?",
        ]
    )
    return (
        ask,
        text,
        (
            f"The legs are {' + '.join(map(str, steps))} = {sum(steps)} m. Setting out northwards and turning "
            f"{', '.join(turns)} in this order, you end up facing {way}."
        ),
    )
