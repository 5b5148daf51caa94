"""Role-play and advice in which the persona's figures, or the better choice, are computed."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

from random import Random

from .calendars import clock
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


@family("roleplay", 35)
def _ticket_clerk(r: Random) -> Made:
    city, place, n, m = r.choice(CITIES), r.choice(PLACES), r.randint(1, 6), r.randint(1, 6)
    fee, child = r.randrange(400, 1600, 50), r.randrange(100, 390, 10)
    total = n * fee + m * child
    note = next(v for v in (2000, 5000, 10000, 20000) if v > total)
    event = r.choice(EVENTS)
    ask = (
        f"{r.choice(['Play', 'You are', 'Act as'])} the person at the counter of the {place} in {city} (adults "
        f"{money(fee)}, children {money(child)}). I say: “{r.choice(['Good morning', 'Hello there', 'Hi'])}, {n} adults and "
        f"{m} children for the {event}, please. Here is {money(note)}.”"
    )
    return ask, (
        f"“{r.choice(['Good morning and welcome', 'Hello, come in', 'Lovely to see you all'])}! {n} adults make "
        f"{money(n * fee)}, {m} children {money(m * child)}, so that is {money(total)}. Out of {money(note)} I give you "
        f"{money(note - total)} back. The {event} is {r.choice(['up the stairs', 'through the blue door', 'in the back yard'])}"
        f"; enjoy it!”"
    )


@family("roleplay", 35)
def _station_announcer(r: Random) -> Made:
    x, y, z = r.sample(CITIES, 3)
    at, late, track, new = r.randrange(300, 1300, 5), r.randrange(5, 60, 5), r.randint(1, 9), r.randint(10, 18)
    what = r.choice(["signal fault", "fallen branch", "flock of geese", "missing driver", "frozen switch"])
    ask = r.choice(
        [
            (
                f"Speak as the announcer at {x} station: the {clock(at)} to {y} via {z} is {late} minutes late because of a "
                f"{what} and leaves from platform {new} instead of {track}."
            ),
            (
                f"Role-play a station announcer in {x}. Facts: train to {y} (via {z}), due {clock(at)}, delay {late} min, {what}, "
                f"platform {track} becomes {new}."
            ),
        ]
    )
    return ask, (
        f"“Ladies and gentlemen, a change for the {clock(at)} service to {y}, calling at {z}. Owing to a {what} it will "
        f"leave {x} at about {clock(at + late)}, that is {late} minutes later, and from platform {new}, not platform "
        f"{track}. {r.choice(['We apologise for the wait.', 'Please mind the gap when boarding.', 'Thank you for your patience.'])}”"
    )


@family("roleplay", 35)
def _game_master(r: Random) -> Made:
    hero, beast, tool = r.choice(NAMES), r.choice(ANIMALS), r.choice(["sling", "staff", "net", "frying pan", "lute"])
    hp, dmg, roll, need = r.randint(12, 30), r.randint(2, 9), r.randint(1, 20), r.randint(7, 16)
    hit = roll >= need
    colour, place = r.choice(COLOURS), r.choice(["cave", "mill", "marsh", "tower", "cellar", "orchard"])
    ask = (
        f"Be my game master. {hero} attacks the {colour} {beast} of the {place} ({hp} hit points) with a {tool}: I rolled "
        f"{roll}, a hit needs {need} or more, and damage is {dmg}. {r.choice(['Narrate the round.', 'What happens?', 'Go on.'])}"
    )
    if hit:
        text = (
            f"The {tool} whistles through the damp air of the {place} and strikes: {roll} is enough. The {colour} {beast} "
            f"staggers, {dmg} points poorer, with {hp - dmg} of {hp} left."
        )
    else:
        text = (
            f"{roll} against {need}: the {tool} only meets the wall of the {place}. The {colour} {beast}, still at {hp} hit "
            f"points, bares its teeth and circles {hero}."
        )
    return (
        ask,
        f"{text} {r.choice(['Will you strike again, talk or run?', f'It is your turn, {hero}.', 'A second sound comes from behind. What now?'])}",
    )


@family("roleplay", 35)
def _shop_keeper(r: Random) -> Made:
    job, (x, y), p, q = r.choice(JOBS), r.sample(GOODS, 2), r.randrange(200, 2500, 10), r.randrange(200, 2500, 10)
    budget = r.randrange(6000, 16000, 100)
    city, who = r.choice(CITIES), r.choice(NAMES)
    n = budget // p
    ask = r.choice(
        [
            (
                f"Pretend to be a market trader from {city} who used to be {a(job)}. {x.capitalize()} cost {money(p)}, {y} "
                f"{money(q)}. I have {money(budget)}; how many {x} can I get?"
            ),
            (
                f"You sell {x} ({money(p)}) and {y} ({money(q)}) in {city}; I am {who}, {a(job)} with {money(budget)}. Answer in "
                f"character: what is the most {x} I can buy?"
            ),
        ]
    )
    rest = budget - n * p
    more = f"that even buys you {rest // q} of my {y}" if rest >= q else f"not quite enough for any of my {y}"
    return ask, (
        f"“{r.choice(['Ah, a person of taste', 'Step closer, friend', 'By the bells of ' + city])}! For {money(budget)} you "
        f"carry home {n} {x}: {n} times {money(p)} is {money(n * p)}. That leaves {money(rest)}, {more}. Shall I wrap them?”"
    )


@family("advice", 40)
def _which_tariff(r: Random) -> Made:
    base, per, flat = r.randrange(200, 1200, 50), r.randint(4, 25), r.randrange(1200, 4500, 50)
    use = r.randint(40, 400)
    thing = r.choice(
        ["phone minutes", "kilometres by shared bike", "printed pages", "washes", "parking hours", "kilowatt hours"]
    )
    cost, who = base + per * use, r.choice(NAMES)
    even = (flat - base) / per
    ask = r.choice(
        [
            (
                f"Should I take plan A ({money(base)} a month plus {per} cents for each of my {use} {thing}) or plan B (all "
                f"included, {money(flat)})?"
            ),
            (
                f"{who} uses about {use} {thing} a month. Pay {money(base)} and {per} cents each, or {money(flat)} flat? What "
                f"would you advise?"
            ),
        ]
    )
    pick, diff = ("the flat plan", cost - flat) if cost > flat else ("the metered plan", flat - cost)
    if even <= 0:
        tail = "The basic fee alone is as high as the flat price, so metering can never win."
    else:
        tail = f"The break-even lies near {even:.0f}; look at your last three bills before you sign."
    return (
        ask,
        f"With {use} {thing} the metered plan costs {money(base)} + {use} × {per} cents = {money(cost)}. So take {pick}: it saves {money(diff)} a month. {tail}",
    )


@family("advice", 35)
def _train_or_car(r: Random) -> Made:
    (x, y), km, n = r.sample(CITIES, 2), r.randrange(120, 900, 10), r.randint(2, 5)
    fare, cents = r.randrange(1500, 9500, 100), r.randint(22, 48)
    car, train = km * cents, n * fare
    why = r.choice(
        [f"the {r.choice(EVENTS)}", f"visiting my friend {r.choice(NAMES)}", f"a course for {a(r.choice(JOBS))}s"[:-1]]
    )
    ask = r.choice(
        [
            (
                f"{n} of us travel from {x} to {y} ({km} km) for {why}. Train at {money(fare)} each, or car at {cents} cents per "
                f"km in total: what do you recommend?"
            ),
            (
                f"Car or train to {y}? We start in {x}, {km} km away, {n} people; fare {money(fare)}, car {cents} ct/km. It is "
                f"about {why}."
            ),
        ]
    )
    better = "car" if car < train else "train"
    return ask, (
        f"The car costs {km} × {cents} ct = {money(car)}, the train {n} × {money(fare)} = {money(train)}. On price alone take "
        f"the {better}, which is {money(abs(car - train))} cheaper. "
        + (
            "Weigh that against parking and an hour of rest you would not get behind the wheel."
            if better == "car"
            else "You can read or sleep on the way, too, so there is little to say for driving."
        )
    )


@family("advice", 35)
def _bulk_buy(r: Random) -> Made:
    food, (s, b) = r.choice(FOODS), (r.randrange(200, 500, 50), r.randrange(900, 2600, 100))
    p, q = r.randrange(90, 490, 5), r.randrange(400, 2200, 10)
    u, v = p / s * 10, q / b * 10
    week, who = r.randrange(100, 800, 50), r.choice(NAMES)
    ask = r.choice(
        [
            f"Is the {b} g bag of {food} at {money(q)} better value than {s} g at {money(p)}? We eat about {week} g a week.",
            f"{who} wonders whether to buy {food} in bulk: {b} g for {money(q)}, or {s} g for {money(p)}; use {week} g weekly.",
        ]
    )
    better = "large" if v < u else "small"
    return ask, (
        f"Per kilogram the small pack costs €{u:.2f} and the large one €{v:.2f}. The {better} one is better value. "
        f"{b} g last you about {b / week:.1f} weeks; "
        + (
            "that is fine for dry goods, but buy less if it would spoil."
            if better == "large"
            else "and the small pack stays fresh as well, so the choice is easy."
        )
    )


@family("advice", 35)
def _plan_the_day(r: Random) -> Made:
    jobs = [
        (f"fetch {r.choice(GOODS)} from the {r.choice(PLACES)}", r.randrange(20, 70, 5)),
        (f"cook {r.choice(FOODS)} soup", r.randrange(25, 80, 5)),
        (f"call {person(r)}", r.randrange(10, 35, 5)),
        (f"prepare the {r.choice(EVENTS)}", r.randrange(40, 130, 5)),
    ]
    r.shuffle(jobs)
    start, free = r.randrange(480, 900, 15), r.randrange(90, 260, 10)
    total = sum(n for _, n in jobs)
    ask = (
        f"{r.choice(['Help me plan', 'I feel swamped', 'Advise me'])}: it is {clock(start)} on {r.choice(WEEKDAYS)} and I have "
        f"{free} minutes. To do: {'; '.join(f'{j} ({n} min)' for j, n in jobs)}. Can I manage it all?"
    )
    rows, at = [], start
    for j, n in sorted(jobs, key=lambda x: x[1]):
        if at + n - start <= free:
            rows.append(f"{clock(at)} {j}")
            at += n
    left = [j for j, n in jobs if f" {j}" not in "\n".join(f" {x[6:]}" for x in rows)]
    if total <= free:
        lead = f"Yes: all of it takes {total} minutes, which leaves {free - total} spare."
    else:
        lead = f"Not everything: the list takes {total} minutes, {total - free} too many. Do the short things first."
    tail = (
        f"Move to another day: {listed(left)}." if left else f"You are done at {clock(at)}; keep the rest as a buffer."
    )
    return ask, f"{lead}\n\n" + "\n".join(f"- {x}" for x in rows) + f"\n\n{tail}"
