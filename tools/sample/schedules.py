"""Closed QA over timetables and plans."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

from datetime import date, timedelta
from random import Random

from .calendars import clock, long_date
from .core import Made, family
from .words import CITIES, EVENTS, NAMES, WEEKDAYS, listed


@family("closed_qa", 40)
def _timetable(r: Random) -> Made:
    stops, begin = r.sample(CITIES, 4), r.randrange(300, 1100, 5)
    times = [begin]
    for _ in stops[1:]:
        times.append(times[-1] + r.randint(18, 95))
    mode = r.choice(["night bus", "ferry", "regional train", "postal coach", "express"])
    day, nr = r.choice(WEEKDAYS), r.randint(11, 980)
    text = f"{mode.capitalize()} {nr}, {day}: " + ", ".join(
        f"{s} {clock(t)}" for s, t in zip(stops, times, strict=True)
    )
    i = r.randrange(3)
    j = r.randrange(i + 1, 4)
    gap = times[j] - times[i]
    ask = r.choice(
        [
            f"According to the timetable, how long does the {mode} take from {stops[i]} to {stops[j]}?",
            f"Use the timetable below. I get on in {stops[i]}; when am I in {stops[j]}, and after how long?",
        ]
    )
    return (
        ask,
        text,
        (
            f"The {mode} leaves {stops[i]} at {clock(times[i])} and reaches {stops[j]} at {clock(times[j])}. That is a ride "
            f"of {gap // 60} h {gap % 60:02d} min ({gap} minutes)."
        ),
    )


@family("closed_qa", 35)
def _agenda(r: Random) -> Made:
    people, events = r.sample(NAMES, 4), r.sample(EVENTS, 4)
    base = date(r.randint(2015, 2029), r.randint(1, 12), 1) + timedelta(days=r.randint(0, 27))
    days = sorted(r.sample(range(1, 60), 4))
    dates = [base + timedelta(days=d) for d in days]
    lines = [f"{p} looks after the {e} on {long_date(d)}." for p, e, d in zip(people, events, dates, strict=True)]
    r.shuffle(lines)
    i, j = sorted(r.sample(range(4), 2))
    ask = r.choice(
        [
            f"Who is responsible for the {events[i]}, and how many days before the {events[j]} is it?",
            f"Read the plan. Which comes first, the {events[j]} or the {events[i]}, and by how many days?",
        ]
    )
    gap = (dates[j] - dates[i]).days
    return (
        ask,
        " ".join(lines),
        (
            f"{people[i]} looks after the {events[i]}, which is on {long_date(dates[i])}. The {events[j]} ({people[j]}) "
            f"follows on {long_date(dates[j])}, {gap} day{'s' if gap != 1 else ''} later."
            + r.choice(["", f" The order of all four is {listed(events)}."])
        ),
    )
