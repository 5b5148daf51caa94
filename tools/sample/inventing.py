"""Brainstorming and small creative pieces under constraints that can be checked."""

# templates and word lists are kept as they will be printed; a word list is easier to read and to extend as one string
# ruff: noqa: E501, SIM905
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
    PLAIN_WORDS,
    WEEKDAYS,
    a,
    listed,
    money,
)

ADJECTIVES = (
    "amber brave bright calm clever copper crooked daring dizzy early fearless fine golden gentle grand happy humble icy "
    "jolly keen kind lazy lively lucky merry mighty misty noble olive patient plucky quick quiet rapid rosy rusty silver "
    "sleepy soft sunny tidy tiny tall velvet violet warm wild windy young zesty"
).split()


@family("brainstorming", 40)
def _alliterative_names(r: Random) -> Made:
    what, city = r.choice(PLACES), r.choice(CITIES)
    nouns = ANIMALS + PLAIN_WORDS
    letter = r.choice(
        [c for c in "bcfglmprstvw" if sum(x[0] == c for x in ADJECTIVES) > 1 and sum(x[0] == c for x in nouns) > 3]
    )
    first, second = [x for x in ADJECTIVES if x[0] == letter], [x for x in nouns if x[0] == letter]
    n = r.randint(4, 5)
    r.shuffle(first)
    picked = r.sample(second, min(n, len(second)))
    names = [f"The {first[i % len(first)].title()} {w.title()}" for i, w in enumerate(picked)]
    ask = r.choice(
        [
            f"Suggest {len(names)} names for a new {what} in {city}, both words beginning with {letter.upper()}.",
            (
                f"Brainstorm alliterative {letter.upper()}-names for {a(r.choice(JOBS))}'s shop in {city} near the {what} "
                f"({len(names)} ideas)."
            ),
            f"{r.choice(NAMES)} opens a café beside the {what}. {len(names)} catchy names with double {letter.upper()}?",
        ]
    )
    return ask, "\n".join(
        f"{i}. {x}" for i, x in enumerate(names, 1)
    ) + f"\n\nMy favourite is {names[0]}: it is short and easy to paint on a sign."


USES = {
    "candles": "freeing a stuck zip with a rub of wax; sealing a letter; making a drawer slide; marking hours at a dinner",
    "umbrellas": "drying herbs upside down; a light reflector for photos; shading seedlings; a puppet-theatre roof",
    "postcards": "bookmarks; a memory game cut in halves; wall calendar backs; a vocabulary box",
    "mugs": "a pen holder; a small herb pot; a cookie cutter; a phone loudspeaker",
    "backpacks": "a hanging planter; an emergency kit by the door; a cushion on a bench; a dry bag for tents",
    "flower pots": "a bread mould; a twine dispenser; a hedgehog shelter; a candle heater stand",
    "tea towels": "wrapping for presents; a bread proving cloth; a bunting; a bag for lavender",
    "bicycle bells": "a door bell for a tree house; a signal at the kitchen hatch; a quiz buzzer; a cat toy",
    "picture frames": "a serving tray; an earring holder; a dry-erase board behind the glass; a table number stand",
    "notebooks": "a seed diary; a guest book; pressed leaves; a log of bird calls",
}


@family("brainstorming", 40)
def _other_uses(r: Random) -> Made:
    thing, place, event = r.choice(sorted(USES)), r.choice(PLACES), r.choice(EVENTS)
    n, count = r.randint(3, 4), r.randint(12, 90)
    ideas = r.sample(USES[thing].split("; "), n)
    ask = r.choice(
        [
            f"After the {event} we have {count} {thing} left over. {n} ideas for what else to do with them?",
            f"The {place} owns {count} old {thing}. Brainstorm {n} unusual uses.",
            f"Give {r.choice(NAMES)} {n} second lives for {thing}, other than throwing {count} of them away.",
        ]
    )
    parts = [f"{x[0].upper() + x[1:]}" for x in ideas]
    share = f"Spread evenly, that is about {count // n} pieces for each idea."
    return ask, "\n".join(f"- {p}." for p in parts) + f"\n\n{share}"


@family("brainstorming", 35)
def _ways_to_pay(r: Random) -> Made:
    total, who, place = r.randint(12, 48), r.choice(NAMES), r.choice(PLACES)
    coins = r.choice([(10, 5, 2), (20, 5, 1), (10, 4, 3), (15, 5, 2), (8, 5, 3)])
    x, y, z = coins
    found = [
        (i, j, (total - i * x - j * y) // z)
        for i in range(total // x, -1, -1)
        for j in range((total - i * x) // y, -1, -1)
        if (total - i * x - j * y) % z == 0
    ][:5]
    thing = r.choice(GOODS)
    ask = r.choice(
        [
            f"How many ways can you think of to pay {total} tokens at the {place} with coins of {x}, {y} and {z}? List up to five.",
            (
                f"{who} packs {total} {thing} into boxes of {x}, {y} or {z}, each box full. Come up with as many combinations as "
                f"you can, at most five."
            ),
        ]
    )
    rows = []
    for i, j, k in found:
        parts = [f"{m} × {c}" for m, c in zip((i, j, k), coins, strict=True) if m]
        rows.append(f"- {' + '.join(parts)} = {total}")
    return (
        ask,
        f"Starting with as many of the largest as possible, {len(rows)} {'way' if len(rows) == 1 else 'ways'}:\n\n"
        + "\n".join(rows),
    )


@family("brainstorming", 35)
def _programme_ideas(r: Random) -> Made:
    event, city, n = r.choice(EVENTS), r.choice(CITIES), r.randint(3, 5)
    beasts, foods, jobs = r.sample(ANIMALS, 5), r.sample(FOODS, 5), r.sample(JOBS, 5)
    hooks = [
        f"A guessing jar filled with {foods[0]}: the nearest number wins it",
        f"A treasure hunt in which {a(beasts[0])} on each card leads to the next stop",
        f"Ten-minute talks by {a(jobs[0])} and {a(jobs[1])} about the oddest day at work",
        f"A tasting table with {foods[1]} and {foods[2]} prepared in three ways",
        f"A drawing wall where everybody adds to one giant {beasts[1]}",
        f"A swap corner for {r.choice(GOODS)}, one in and one out",
        f"A photo booth with a cardboard {beasts[2]} and a {r.choice(COLOURS)} frame",
    ]
    ideas = r.sample(hooks, n)
    ask = r.choice(
        [
            f"What could we offer at the {event} in {city} besides the main act? {n} ideas, please.",
            f"I need {n} side activities for {a(event)}, {r.choice(WEEKDAYS)}, {r.randint(40, 300)} guests, city of {city}.",
            f"Think up {n} little attractions that would make the {event} of the {r.choice(PLACES)} more fun.",
        ]
    )
    return ask, "\n".join(
        f"{i}. {x}." for i, x in enumerate(ideas, 1)
    ) + f"\n\nThe first needs almost no money; plan {money(r.randrange(1000, 9000, 500))} for the rest."


LINES = {
    "A": ["Autumn drops a leaf or two", "All the roofs are washed with blue", "Ask the river where it goes"],
    "B": ["Bells are counting every hour", "Birds have taken back the tower", "Bread is cooling on the sill"],
    "C": ["Clouds are leaning on the hill", "Carts go rattling to the mill", "Children chase a paper kite"],
    "D": ["Dusk comes softly, dims the light", "Doors stand open to the night", "Dogs are sleeping in the shade"],
    "E": ["Every promise that we made", "Early trains are running late", "Echoes whisper at the gate"],
    "G": ["Grass is growing through the stone", "Geese fly over, all in tone", "Golden dust on window panes"],
    "H": ["Hear the gutters drink the rains", "Hats are hanging in a row", "Home is anywhere you go"],
    "I": ["In the kitchen someone sings", "Ink has stained the cuffs of kings", "Ivy climbs without a sound"],
    "K": ["Keys that nobody has found", "Kettles hum a sleepy tune", "Kites have tangled with the moon"],
    "L": ["Lamps are lit along the quay", "Letters travel home by sea", "Little waves undo the sand"],
    "M": ["Maps are folded in my hand", "Morning tastes of salt and tar", "Music drifting from a bar"],
    "N": ["Night has put its lanterns out", "Nobody remembers doubt", "North wind sweeps the empty square"],
    "O": ["Old men mend a wicker chair", "Over roofs the swallows bend", "One more letter from a friend"],
    "P": ["Poplars bow to passing trains", "Puddles hold the sky like panes", "Paper boats set out at nine"],
    "R": ["Rain has hung its silver line", "Roads remember every wheel", "Rust is painting over steel"],
    "S": ["Snow lies listening on the lawn", "Stars go out one by one at dawn", "Slowly all the curtains close"],
    "T": ["Time sits dozing, so it goes", "Tea is waiting on the stair", "Thistles scatter through the air"],
    "U": ["Under bridges, boats go by", "Up above, a painted sky", "Until evening no one stirs"],
    "W": ["Winter wraps the town in furs", "Windows glitter after rain", "We will walk this way again"],
    "Y": ["Yellow fields lie down to rest", "Yesterday has gone out west", "Yarn and needle, quiet hands"],
    "V": ["Violins and village bands", "Voices carry from the pier", "Velvet is the time of year"],
}


@family("creative_writing", 60)
def _acrostic(r: Random) -> Made:
    pool = [
        n
        for n in NAMES + [c for c in CITIES if " " not in c] + PLAIN_WORDS
        if set(n.upper()) <= set(LINES) and 4 <= len(n) <= 6
    ]
    word = r.choice([w for w in pool if len(set(w.upper())) == len(w)]).upper()
    event, beast = r.choice(EVENTS), r.choice(ANIMALS)
    poem = [r.choice(LINES[c]) for c in word]
    ask = r.choice(
        [
            f"Write an acrostic on {word}, to be read at the {event}.",
            f"A poem whose lines begin with the letters {', '.join(word)}, as a gift for {a(r.choice(JOBS))}?",
            f"Compose {len(word)} lines spelling {word} down the left side; it goes beside a drawing of {a(beast)}.",
        ]
    )
    return ask, ",\n".join(poem) + "."


@family("creative_writing", 60)
def _three_word_story(r: Random) -> Made:
    thing, other = r.sample(PLAIN_WORDS, 2)
    beast, who, city, job, food = r.choice(ANIMALS), r.choice(NAMES), r.choice(CITIES), r.choice(JOBS), r.choice(FOODS)
    colour, place = r.choice(COLOURS), r.choice(PLACES)
    openings = [
        f"Nobody in {city} had expected {a(beast)} to walk into the {place} that morning.",
        f"{who}, {a(job)} by trade, had promised never to return to {city}.",
        f"The {colour} letter was addressed to the {beast} behind the {place}.",
    ]
    middles = [
        f"It carried something that {who} had lost long ago: the word “{thing}”, written on {colour} paper.",
        f"“You forgot this,” said a voice, and there lay a small drawing of {a(thing)}, wet with rain.",
        f"All that was left was a smell of {food} and, on the floor, {a(thing)} made of tin.",
    ]
    ends = [
        f"From then on, whenever somebody said “{other}”, the two of them laughed and said no more.",
        f"{who} kept it next to the {other} on the shelf, where it ticks to this day.",
        f"The {beast} got the {food}, the {place} got its story, and the {other} was never mentioned again.",
    ]
    ask = r.choice(
        [
            f"Tell a three-sentence story with {a(beast)}, the words “{thing}” and “{other}”, set in {city}. The hero is {who}.",
            f"Micro-fiction, please: {who}, {city}, {thing}, {other}, and {a(beast)} must all occur.",
            f"Make up a very short tale in which {who}, {a(job)}, meets {a(beast)} in {city}; use {thing} and {other}.",
        ]
    )
    first = next(x for x in r.sample(openings, 3) if beast in x or who in x)
    text = f"{first} {r.choice(middles)} {r.choice(ends)}"
    missing = [x for x in (who, city, beast) if x not in text]
    return ask, text + (f" (And {listed(missing)}? That is another story.)" if missing else "")
