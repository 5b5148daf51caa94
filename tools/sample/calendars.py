"""Dates, weekdays, durations, time zones and timetables, computed with datetime."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

from datetime import date, timedelta
from random import Random

from .core import Made, family
from .words import CITIES, EVENTS, JOBS, MONTHS, NAMES, PLACES, WEEKDAYS, a, person

#: Standard-time offsets from UTC in minutes; no daylight saving is involved in the questions.
ZONES = {
    "Lisbon": 0,
    "Accra": 0,
    "Graz": 60,
    "Tunis": 60,
    "Riga": 120,
    "Nairobi": 180,
    "Tbilisi": 240,
    "Karachi": 300,
    "Pune": 330,
    "Kathmandu": 345,
    "Dhaka": 360,
    "Hanoi": 420,
    "Manila": 480,
    "Nagoya": 540,
    "Brisbane": 600,
    "Curitiba": -180,
    "Halifax": -240,
    "Lima": -300,
    "Winnipeg": -360,
    "Phoenix": -420,
    "Honolulu": -600,
}


def long_date(d: date) -> str:
    """Such as `7 March 1994`."""
    return f"{d.day} {MONTHS[d.month - 1]} {d.year}"


def some_day(r: Random, low: int = 1890, high: int = 2060) -> date:
    """A random day between two years."""
    return date(low, 1, 1) + timedelta(days=r.randrange((high - low) * 365))


def clock(minutes: int) -> str:
    """Minutes of a day as HH:MM."""
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


@family("open_qa", 40)
def _weekday_of(r: Random) -> Made:
    d, who, event = some_day(r), r.choice(NAMES), r.choice(EVENTS)
    ref = date(d.year, 1, 1)
    ask = r.choice(
        [
            f"What day of the week is {d.isoformat()}?",
            (
                f"{who}'s {r.choice(['grandmother', 'uncle', 'neighbour'])} was born on {long_date(d)} ({d.isoformat()}). "
                f"Which weekday was that?"
            ),
            f"On what weekday falls {d.isoformat()}, the date of the {event}?",
            f"An old letter to {a(r.choice(JOBS))} is dated {long_date(d)}, i.e. {d.isoformat()}. Find the weekday.",
        ]
    )
    days = (d - ref).days
    return ask, (
        f"1 January {d.year} was a {WEEKDAYS[ref.weekday()]}. The date lies {days} days later, and {days} leaves "
        f"{days % 7} when divided by 7, so count {days % 7} days on: {WEEKDAYS[d.weekday()]}."
        if days
        else f"It is the first day of the year {d.year}, a {WEEKDAYS[d.weekday()]}."
    )


@family("math", 35)
def _days_between(r: Random) -> Made:
    x = some_day(r, 1995, 2035)
    n = r.randint(20, 420)
    y, place, event = x + timedelta(days=n), r.choice(PLACES), r.choice(EVENTS)
    ask = r.choice(
        [
            f"How many days are there from {long_date(x)} to {long_date(y)}?",
            f"The {place} closed on {long_date(x)} and opened again on {long_date(y)}. How many days apart is that?",
            f"Tickets for the {event} went on sale on {long_date(x)}; the day itself is {long_date(y)}. Count the days.",
        ]
    )
    parts, cursor = [], x
    while cursor < y:
        following = date(cursor.year + cursor.month // 12, cursor.month % 12 + 1, 1)
        stop = min(following, y)
        parts.append(f"{(stop - cursor).days} in {MONTHS[cursor.month - 1]}")
        cursor = stop
    return ask, (
        f"Count month by month, without the first day's own date twice: {', '.join(parts)}. "
        f"{r.choice(['That makes', 'Added up:', 'In total'])} {n} days, or {n // 7} weeks and {n % 7} days."
    )


@family("open_qa", 35)
def _date_after(r: Random) -> Made:
    x, n = some_day(r, 2001, 2040), r.randint(25, 400)
    back = r.random() < 0.4
    y = x - timedelta(days=n) if back else x + timedelta(days=n)
    what = r.choice(
        [
            f"the guarantee {person(r)} was given",
            f"a visa issued in {r.choice(CITIES)}",
            f"the trial period at the {r.choice(PLACES)}",
            f"the notice that {a(r.choice(JOBS))} received",
        ]
    )
    if back:
        ask = f"{what[0].upper() + what[1:]} ended on {long_date(x)} after {n} days. When did the {n} days begin?"
    else:
        ask = r.choice(
            [
                f"{what[0].upper() + what[1:]} runs for {n} days from {long_date(x)}. Until which date?",
                f"Which date is {n} days after {long_date(x)}? It is about {what}.",
            ]
        )
    where = "before" if back else "after"
    return ask, (
        f"{n} days are {n // 7} weeks and {n % 7} days. {'Going back' if back else 'Going forward'} from "
        f"{WEEKDAYS[x.weekday()]}, {long_date(x)}, we land on {WEEKDAYS[y.weekday()]}, {long_date(y)}, "
        f"that is {n} days {where}."
    )


@family("open_qa", 40)
def _time_zone(r: Random) -> Made:
    here, there = r.sample(sorted(ZONES), 2)
    shift = ZONES[there] - ZONES[here]
    at = r.randrange(0, 1440, 5)
    local = at + shift
    who = person(r)
    ask = r.choice(
        [
            (
                f"{who} in {here} calls a partner in {there} at {clock(at)} local time (standard time on both sides). What "
                f"time is it in {there}?"
            ),
            f"It is {clock(at)} in {here}. What do clocks in {there} show, ignoring summer time?",
            (
                f"A webinar on {r.choice(EVENTS)} planning starts {clock(at)}, {here} standard time. When must people in "
                f"{there} log in?"
            ),
        ]
    )
    sign = "ahead of" if shift > 0 else "behind"
    when = "the same day" if 0 <= local < 1440 else ("the next day" if local >= 1440 else "the previous day")
    if not shift:
        return ask, f"Both keep the same standard time, so it is {clock(at)} in {there} as well."
    return ask, (
        f"In standard time {there} is {abs(shift) // 60} h{f' {abs(shift) % 60} min' if shift % 60 else ''} {sign} "
        f"{here}. {clock(at)} in {here} becomes {clock(local)} in {there}, {when}. "
        f"(The offsets from UTC are {ZONES[here] / 60:+g} h and {ZONES[there] / 60:+g} h.)"
    )


@family("math", 35)
def _shift_hours(r: Random) -> Made:
    who, job, place = r.choice(NAMES), r.choice(JOBS), r.choice(PLACES)
    starts = [r.randrange(360, 660, 5) for _ in range(3)]
    spans = [r.randrange(200, 560, 5) for _ in range(3)]
    rate = r.randint(14, 38)
    days = r.sample(WEEKDAYS, 3)
    rows = [f"{d} {clock(s)}–{clock(s + n)}" for d, s, n in zip(days, starts, spans, strict=True)]
    total = sum(spans)
    ask = r.choice(
        [
            f"{who}, {a(job)}, worked at the {place}: {', '.join(rows)}. How long was that in all?",
            f"Add up the hours on this time sheet of the {place} ({who}): {'; '.join(rows)}.",
        ]
    )
    each = ", ".join(f"{d} {n // 60} h {n % 60:02d} min" for d, n in zip(days, spans, strict=True))
    return ask, (
        f"{each}. The sum is {total // 60} h {total % 60:02d} min ({total} minutes). At €{rate} an hour this would earn "
        f"€{total * rate / 60:,.2f}."
    )


@family("open_qa", 30)
def _leap_year(r: Random) -> Made:
    year, who = r.randint(1583, 2600), r.choice(NAMES)
    leap = (year % 4 == 0 and year % 100 != 0) or year % 400 == 0
    if year % 400 == 0:
        why = f"{year} is divisible by 400, so the exception for full centuries does not apply"
    elif year % 100 == 0:
        why = f"{year} is divisible by 100 but not by 400"
    elif year % 4 == 0:
        why = f"{year} = 4 × {year // 4}, and it is no full century"
    else:
        why = f"{year} leaves {year % 4} when divided by 4"
    ask = r.choice(
        [
            f"Did (or will) February {year} have 29 days?",
            f"Is {year} a leap year in the Gregorian calendar? {who} is writing a calendar program.",
            f"How many days does the year {year} have, and why?",
        ]
    )
    days = 366 if leap else 365
    verdict = "is a leap year" if leap else "is not a leap year"
    return ask, f"{'Yes' if leap else 'No'}: {why}. So {year} {verdict} and has {days} days." if "How" not in ask else (
        f"It has {days} days. The reason: {why}, hence {year} {verdict}."
    )


@family("open_qa", 30)
def _nth_weekday(r: Random) -> Made:
    year, month, k, day = r.randint(2010, 2045), r.randint(1, 12), r.randint(1, 4), r.randrange(7)
    first = date(year, month, 1)
    target = first + timedelta(days=(day - first.weekday()) % 7 + 7 * (k - 1))
    nth = ["first", "second", "third", "fourth"][k - 1]
    event, place = r.choice(EVENTS), r.choice(PLACES)
    ask = r.choice(
        [
            f"The {event} is always on the {nth} {WEEKDAYS[day]} of {MONTHS[month - 1]}. Which date is that in {year}?",
            f"On which date does the {place} meet in {MONTHS[month - 1]} {year}, if it meets every {nth} {WEEKDAYS[day]}?",
        ]
    )
    lead = target - timedelta(days=7 * (k - 1))
    return ask, (
        f"{MONTHS[month - 1]} {year} begins on a {WEEKDAYS[first.weekday()]}, so its first {WEEKDAYS[day]} falls on "
        f"day {lead.day}. {'That is it' if k == 1 else f'Add {7 * (k - 1)} days'}: {WEEKDAYS[day]}, {long_date(target)}."
    )


@family("open_qa", 25)
def _age_at(r: Random) -> Made:
    born = some_day(r, 1930, 2005)
    on = born + timedelta(days=r.randint(5000, 26000))
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    who, job = person(r), r.choice(JOBS)
    return (
        r.choice(
            [
                f"{who}, {a(job)}, was born on {long_date(born)}. How old was {who.split()[0]} on {long_date(on)}?",
                f"Born {long_date(born)}, retired as {a(job)} on {long_date(on)}: at what age did {who} retire?",
            ]
        ),
        (
            f"From {born.year} to {on.year} are {on.year - born.year} years. The birthday, {born.day} "
            f"{MONTHS[born.month - 1]}, had {'already come' if age == on.year - born.year else 'not yet come'} that year, so "
            f"{who.split()[0]} was {age}."
        ),
    )
