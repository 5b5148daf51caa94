"""Rewriting by rule: tense, voice, negation, questions, register, person, reported speech."""

# templates and word lists are kept as they will be printed; a word list is easier to read and to extend as one string
# ruff: noqa: E501, SIM905
from __future__ import annotations

from random import Random

from .core import Made, family
from .words import ANIMALS, CITIES, EVENTS, GOODS, JOBS, NAMES, PLACES, a, listed

#: base, third person, past, past participle
VERBS = [
    tuple(v.split())
    for v in (
        "paint paints painted painted; repair repairs repaired repaired; sell sells sold sold; find finds found found; "
        "carry carries carried carried; build builds built built; write writes wrote written; steal steals stole stolen; "
        "clean cleans cleaned cleaned; choose chooses chose chosen; draw draws drew drawn; bring brings brought brought; "
        "test tests tested tested; hide hides hid hidden; count counts counted counted; wash washes washed washed; "
        "break breaks broke broken; lend lends lent lent; inspect inspects inspected inspected; order orders ordered ordered"
    ).split("; ")
]
THINGS = (
    "lantern saddle cabin bottle basket ladder mirror rocket violin anchor jacket kettle raincoat whistle compass goblet "
    "hammock notebook bridge statue wardrobe suitcase telescope barrel trumpet carriage letter clock gate map"
).split()
WHERE = [f"at the {p}" for p in PLACES] + [f"in {c}" for c in CITIES]
WHEN = (
    "every morning, on Fridays, after lunch, in spring, before dawn, once a month, at weekends, in the evening".split(
        ", "
    )
)


def _sentence(r: Random) -> tuple[str, tuple[str, ...], str, str, str]:
    job = r.choice(JOBS)
    return f"the {job}", r.choice(VERBS), f"the {r.choice(GOODS + THINGS)}", r.choice(WHERE), r.choice(WHEN)


def _plural(noun: str) -> bool:
    return noun.removeprefix("the ") in GOODS


@family("rewriting", 45)
def _to_passive(r: Random) -> Made:
    subject, verb, thing, where, _ = _sentence(r)
    past = r.random() < 0.5
    active = f"{subject.capitalize()} {verb[2] if past else verb[1]} {thing} {where}."
    be = ("were" if _plural(thing) else "was") if past else ("are" if _plural(thing) else "is")
    passive = f"{thing.capitalize()} {be} {verb[3]} {where} by {subject}."
    if r.random() < 0.35:
        return (
            r.choice([f"Put into the active voice: {passive}", f"Who does it? Make this active: “{passive}”"]),
            f"{active} The agent after “by” becomes the subject, and “{be} {verb[3]}” becomes a plain verb.",
        )
    ask = r.choice(
        [
            f"Put this sentence into the passive: {active}",
            f"Rewrite in the passive voice: “{active}”",
            f"{active} — how does this read in the passive?",
            f"Turn active into passive, please. {active}",
        ]
    )
    return (
        ask,
        f"{passive} {r.choice(['The object moves to the front', 'The former object is now the subject'])}, and the verb becomes “{be} {verb[3]}”.",
    )


@family("rewriting", 45)
def _change_tense(r: Random) -> Made:
    subject, verb, thing, where, when = _sentence(r)
    forms = {
        "simple present": f"{subject.capitalize()} {verb[1]} {thing} {where} {when}.",
        "simple past": f"{subject.capitalize()} {verb[2]} {thing} {where} {when}.",
        "future with “will”": f"{subject.capitalize()} will {verb[0]} {thing} {where} {when}.",
        "present perfect": f"{subject.capitalize()} has {verb[3]} {thing} {where}.",
        "past perfect": f"{subject.capitalize()} had {verb[3]} {thing} {where}.",
    }
    src, dst = r.sample(sorted(forms), 2)
    if "perfect" in src + dst:  # "every morning" and its like do not go with a perfect tense
        forms = {k: v.replace(f" {when}", "") for k, v in forms.items()}
    ask = r.choice(
        [
            f"Change the tense to {dst}: {forms[src]}",
            f"“{forms[src]}” Rewrite it in the {dst}.",
            f"The following is in the {src}. Give the {dst}: {forms[src]}",
        ]
    )
    rest = listed([f"{k}: “{v}”" for k, v in sorted(forms.items()) if k not in (src, dst)][:2])
    return ask, f"{forms[dst]}\n\n{r.choice(['The verb form used is the', 'This is the'])} {dst}. Compare {rest}"


@family("rewriting", 35)
def _negate_or_ask(r: Random) -> Made:
    subject, verb, thing, where, when = _sentence(r)
    past = r.random() < 0.5
    start = f"{subject.capitalize()} {verb[2] if past else verb[1]} {thing} {where} {when}."
    aux = "did" if past else "does"
    if r.random() < 0.5:
        ask = r.choice([f"Negate: {start}", f"Say the opposite with “not”: {start}", f"Make this negative. “{start}”"])
        return (
            ask,
            f"{subject.capitalize()} {aux} not {verb[0]} {thing} {where} {when}. The auxiliary “{aux}” carries the tense.",
        )
    ask = r.choice(
        [f"Turn into a yes/no question: {start}", f"Make a question of “{start}”", f"Ask whether this is so: {start}"]
    )
    return (
        ask,
        f"{aux.capitalize()} {subject} {verb[0]} {thing} {where} {when}? The main verb goes back to its base form “{verb[0]}”.",
    )


@family("rewriting", 40)
def _join_sentences(r: Random) -> Made:
    subject, verb, thing, where, _ = _sentence(r)
    who, other = r.sample(NAMES, 2)
    link = r.choice(["because", "although", "before", "while"])
    extra = r.choice(
        [
            f"{who} was ill",
            f"it rained in {r.choice(CITIES)}",
            f"{who} and {other} slept",
            f"the {r.choice(EVENTS)} was on",
        ]
    )
    first = f"{subject.capitalize()} {verb[2]} {thing} {where}."
    ask = r.choice(
        [
            f"Join with “{link}”: {first} {extra[0].upper() + extra[1:]}.",
            f"Make one sentence of two, using {link}. (1) {first} (2) {extra[0].upper() + extra[1:]}.",
            f"Combine these by means of “{link}”: “{first}” “{extra[0].upper() + extra[1:]}.”",
        ]
    )
    return ask, (
        f"{first[:-1]} {link} {extra}.\n\nIt also works the other way round: {link.capitalize()} {extra}, {subject} {verb[2]} {thing} {where}."
    )


POLITE = [
    ("Send me {}", "Could you please send me {}"),
    ("I want {} now", "I would appreciate receiving {} at your earliest convenience"),
    ("You forgot {} again", "It seems that {} may have been overlooked"),
    ("Your list of {} is wrong", "I believe there may be an error in the list of {}"),
    ("Get rid of {}", "Would you mind removing {}"),
    ("Nobody likes {}", "The response to {} has been rather reserved"),
]


@family("rewriting", 40)
def _make_polite(r: Random) -> Made:
    rude, kind = r.choice(POLITE)
    thing, event, who = f"the {r.choice(GOODS)}", r.choice(EVENTS), r.choice(NAMES)
    place = f"the {r.choice(PLACES)}"
    text = f"{rude.format(thing)}. The {event} is at {place}, {who}!"
    ask = r.choice(
        [
            f"Make this message polite and professional: {text}",
            f"Rewrite for a formal e-mail: “{text}”",
            f"My boss says this sounds rude: “{text}” Soften it, please.",
            f"{text} — same content, courteous tone.",
        ]
    )
    mark = "?" if kind.startswith(("Could", "Would")) else "."
    return ask, (
        f"Dear {who},\n\n{kind.format(thing)}{mark} As you know, the {event} will take place at {place}, and your help would "
        f"make a real difference. Many thanks in advance!"
    )


@family("rewriting", 40)
def _reported_speech(r: Random) -> Made:
    who, other = r.sample(NAMES, 2)
    thing, place, city = r.choice(GOODS), r.choice(PLACES), r.choice(CITIES)
    direct, indirect = r.choice(
        [
            (f"I will bring the {thing} to the {place}", f"would bring the {thing} to the {place}"),
            (f"I am looking for my {thing} in {city}", f"was looking for %s {thing} in {city}"),
            (f"I have never seen {a(r.choice(ANIMALS))} at the {place}", ""),
            (f"I can repair the {thing} of the {place}", f"could repair the {thing} of the {place}"),
            (f"I must be in {city} for the {r.choice(EVENTS)}", ""),
        ]
    )
    if not indirect:
        indirect = direct.removeprefix("I ").replace("have never", "had never").replace("must", "had to")
    indirect = indirect.replace("%s", "the")
    ask = r.choice(
        [
            f"Report what was said: “{direct},” {who} told {other}.",
            f"Put into indirect speech: {who} said to {other}, “{direct}.”",
            f"“{direct}.” ({who} to {other}) Rewrite as reported speech.",
        ]
    )
    return (
        ask,
        f"{who} told {other} that {r.choice([who, 'the speaker'])} {indirect}. Since “told” is past, the verb moves one tense back.",
    )


@family("rewriting", 40)
def _tidy_notes(r: Random) -> Made:
    things, event, place = r.sample(GOODS, 3), r.choice(EVENTS), r.choice(PLACES)
    who, n, hour = r.choice(NAMES), r.randint(12, 140), r.randint(7, 20)
    text = r.choice(
        [
            f"{event} // {place} // {hour}h // {n} ppl // bring {', '.join(things)} // ask {who}",
            f"need: {' + '.join(things)}. {n} persons, {hour} o'clock, {place} ({event}). contact = {who}",
            f"{who}: {n} guests, {event}, {place}, starts {hour}, pack {' & '.join(things)}",
        ]
    )
    ask = r.choice(
        [
            "Turn these notes into proper sentences.",
            "Write these keywords out as a short announcement.",
            "Make full prose of the jottings.",
            "Rewrite the note so that a stranger understands it.",
        ]
    )
    return (
        ask,
        text,
        (
            r.choice(
                [
                    (
                        f"The {event} takes place at the {place} and starts at {hour}:00; {n} people are expected. Please bring "
                        f"{listed(things)}. If you have questions, ask {who}."
                    ),
                    (
                        f"We expect {n} guests at the {place} for the {event}, which begins at {hour}:00. {who} is the person to "
                        f"contact. Do not forget to pack {listed(things)}."
                    ),
                ]
            )
        ),
    )
