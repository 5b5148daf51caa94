"""Classification: made-up texts assembled from parts that carry the label."""

# templates and word lists are kept as they will be printed; a word list is easier to read and to extend as one string
# ruff: noqa: E501, SIM905
from __future__ import annotations

from random import Random

from .core import Made, family
from .words import ANIMALS, CITIES, EVENTS, FOODS, GOODS, JOBS, NAMES, PLACES, PLAIN_WORDS, a, listed, person

GOOD = (
    "arrived a day early, works exactly as promised, was worth every cent, made my whole family smile, feels solid and "
    "well finished, was explained to me patiently, still looks new after a year, exceeded what I had hoped for"
).split(", ")
BAD = (
    "broke within a week, smelled of glue, came without the manual, cost twice what was agreed, rattles at every step, "
    "took a month to arrive, stopped working on the second day, looked nothing like the picture"
).split(", ")
MIXED = (
    "is neither great nor terrible, does the job and no more, is fine for the price, was delivered on the date given, "
    "has the usual size and weight, comes in a plain box"
).split(", ")
WHY = {
    "positive": "Both state that expectations were met or beaten, and no complaint stands against them.",
    "negative": "Both report a defect or a broken promise, and nothing in the text makes up for it.",
    "neutral": "Both merely describe; neither pleasure nor annoyance can be heard in them.",
}
COLD = {"positive": GOOD, "negative": BAD, "neutral": MIXED}


@family("classification", 45)
def _review_sentiment(r: Random) -> Made:
    label = r.choice(["positive", "negative", "neutral"])
    (p, q), thing, who = r.sample(COLD[label], 2), r.choice(GOODS), r.choice(NAMES)
    text = r.choice(
        [
            f"I got the {thing} from the {r.choice(PLACES)} in {r.choice(CITIES)}. The set {p}. On top of that it {q}.",
            f"{who} gave me {thing} for the {r.choice(EVENTS)}. My honest view: the thing {p}, and it {q}.",
            f"Ordered {thing} as {a(r.choice(JOBS))} would. It {p}. Friends say theirs {q}.",
        ]
    )
    ask = r.choice(
        [
            "Is this review positive, negative or neutral?",
            "Label the sentiment (positive / negative / neutral) and quote the decisive words.",
            "Decide the tone of this customer comment: positive, negative or neutral.",
        ]
    )
    return (
        ask,
        text,
        f"{label.capitalize()}. {r.choice(['Decisive are the words', 'This shows in'])} “{p}” and “{q}”. {WHY[label]}",
    )


TOPICS = {
    "sport": "scored in extra time, won the relay, signed a new goalkeeper, lost the semi-final, broke the lap record",
    "politics": "passed the budget, called an early election, appointed a new mayor, rejected the bill, met the ambassador",
    "science": "measured a distant comet, sequenced the moss genome, dated the fossil, tested a new alloy, mapped the seabed",
    "business": "raised its dividend, closed two branches, bought a rival firm, opened a warehouse, cut its forecast",
    "culture": "opened an exhibition, released a second album, restored the fresco, staged the opera, won the book prize",
}


@family("classification", 45)
def _news_topic(r: Random) -> Made:
    label = r.choice(sorted(TOPICS))
    deed, other = r.sample(TOPICS[label].split(", "), 2)
    city, who = r.choice(CITIES), person(r)
    body = r.choice(["club", "council", "institute", "company", "society", "team", "group"])
    text = r.choice(
        [
            (
                f"{city}: A local {body} {deed} on {r.choice(['Friday', 'Sunday', 'Monday'])}. Spokeswoman {who} called it "
                f"overdue. Last year the same {body} {other}."
            ),
            f"The {body} from {city} {deed}, said {who}, {a(r.choice(JOBS))} who watched. Earlier it had {other}.",
            f"“We {deed}!” With these words {who} greeted the crowd in {city}. Not long ago they {other}.",
        ]
    ).replace("had met", "had met")
    kinds = listed(sorted(TOPICS), "or")
    ask = r.choice(
        [
            f"Which section of a newspaper does this belong to: {kinds}?",
            f"Assign one topic ({kinds}).",
            f"Classify the news item. Allowed labels: {', '.join(sorted(TOPICS))}.",
        ]
    )
    return (
        ask,
        text,
        (
            f"{label.capitalize()}: the item reports that someone {deed}, and earlier {other}. "
            f"That leaves {listed([k for k in sorted(TOPICS) if k != label])} out, for nothing in it belongs there."
        ),
    )


REQUESTS = {
    "billing": ["I was charged twice for {}", "the invoice for {} shows a wrong amount", "please refund {}"],
    "delivery": ["the parcel with {} never came", "the courier left {} in the rain", "where is my box of {}"],
    "technical": ["the app freezes when I open {}", "the scanner cannot read {}", "I get error 40 on the page of {}"],
    "account": [
        "I cannot log in to order {}",
        "change the e-mail on my {} subscription",
        "delete my profile and my {} list",
    ],
}


@family("classification", 45)
def _ticket_routing(r: Random) -> Made:
    label = r.choice(sorted(REQUESTS))
    line = r.choice(REQUESTS[label]).format(r.choice(GOODS))
    since = f"{r.randint(2, 29)} {r.choice(['days', 'hours', 'weeks'])}"
    text = r.choice(
        [
            f"Hi, {line}. It has been {since} now. {person(r)}, {r.choice(CITIES)}",
            f"Good morning! My name is {person(r)}, {a(r.choice(JOBS))}. {line[0].upper() + line[1:]}, for {since} already.",
            f"To whom it may concern at the {r.choice(PLACES)}: {line}. Waiting since {since}, {r.choice(NAMES)}.",
        ]
    )
    ask = r.choice(
        [
            "Route this support ticket to billing, delivery, technical or account.",
            "Which team should answer: account, billing, delivery or technical?",
            "Choose a queue for the message (technical, billing, account, delivery) and justify it in a sentence.",
        ]
    )
    return (
        ask,
        text,
        f"It belongs to {label}, because the customer writes that “{line}”. The other queues do not deal with it.",
    )


KINDS = {"animal": ANIMALS, "food": FOODS, "profession": JOBS, "city": CITIES}


@family("classification", 40)
def _odd_one_out(r: Random) -> Made:
    kind, other = r.sample(sorted(KINDS), 2)
    items = r.sample(KINDS[kind], r.randint(4, 6))
    stray = r.choice(KINDS[other])
    mixed = [*items, stray]
    r.shuffle(mixed)
    ask = r.choice(
        [
            f"Which one does not belong: {', '.join(mixed)}?",
            f"Find the odd one out among {listed(mixed)}, and say why.",
            f"One of these is not like the others. Which? {' | '.join(mixed)}",
        ]
    )
    return ask, (
        f"{stray[0].upper() + stray[1:]}. {r.choice(['The rest are all examples of', 'Every other word names'])} "
        f"{a(kind)}, while {stray} is {a(other)} word. "
        f"Without it the list is of one kind: {listed(sorted(items))}."
    )


@family("classification", 40)
def _sort_into_groups(r: Random) -> Made:
    x, y = r.sample(sorted(KINDS), 2)
    left, right = r.sample(KINDS[x], 4), r.sample(KINDS[y], 3)
    mixed = left + right
    r.shuffle(mixed)
    ask = r.choice(
        [
            f"Group these into {x} and {y}: {', '.join(mixed)}.",
            f"Put each word under “{x}” or “{y}”: {'; '.join(mixed)}",
            f"Two categories, {y} and {x}. Where do {listed(mixed)} go?",
        ]
    )
    p, q = ([w for w in mixed if w in side] for side in (left, right))
    return (
        ask,
        f"{x.capitalize()}: {', '.join(p)}.\n{y.capitalize()}: {', '.join(q)}.\n\nThat is {len(p)} and {len(q)} words.",
    )


@family("classification", 35)
def _number_property(r: Random) -> Made:
    nums = r.sample(range(4, 260), 5)

    def kind(n: int) -> str:
        return "prime" if all(n % d for d in range(2, int(n**0.5) + 1)) else "composite"

    if r.random() < 0.5:
        ask = f"Label each as prime or composite, for the quiz at the {r.choice(PLACES)}: {', '.join(map(str, nums))}"
        rows = []
        for n in nums:
            d = next((d for d in range(2, n) if n % d == 0), 0)
            rows.append(f"{n}: {kind(n)}" + (f", as {n} = {d} × {n // d}" if d else ", no smaller divisor but 1"))
        return ask, ".\n".join(rows) + "."
    ask = (
        f"{r.choice(NAMES)} sorts door numbers into even and odd: {', '.join(map(str, nums))}. How does the list split?"
    )
    even, odd = [str(n) for n in nums if n % 2 == 0], [str(n) for n in nums if n % 2]
    return ask, f"Even: {', '.join(even) or 'none'}. Odd: {', '.join(odd) or 'none'}. The last digit alone decides."


FORMAL = [
    "I should be grateful if you could send {}",
    "We hereby confirm receipt of {}",
    "Kindly forward {} at your convenience",
]
CASUAL = ["hey, can u drop off {} pls", "yo, still got {}? lemme know", "thx a ton for {}, you rock"]


@family("classification", 35)
def _register(r: Random) -> Made:
    formal = r.random() < 0.5
    thing = f"the {r.choice(GOODS)} for the {r.choice(EVENTS)}"
    core = r.choice(FORMAL if formal else CASUAL).format(thing)
    text = f"{core}. {'Yours sincerely, ' + person(r) if formal else r.choice(NAMES).lower() + ' xx'}"
    signs = "the full polite sentence and the closing formula" if formal else "the short forms and the chatty ending"
    ask = r.choice(
        [
            f"Formal or informal? “{text}”",
            f"Tell me whether this note to {a(r.choice(JOBS))} is formal or informal: “{text}”",
            f"Classify the register of “{text}”",
        ]
    )
    return (
        ask,
        f"{'Formal' if formal else 'Informal'}, as {signs} show. A {'casual' if formal else 'formal'} note would avoid both.",
    )


@family("classification", 30)
def _part_of_speech(r: Random) -> Made:
    noun, verb = r.choice(PLAIN_WORDS), r.choice("carries paints follows repairs sells hides polishes admires".split())
    adjective, adverb = (
        r.choice("old quiet heavy bright rusty tiny gentle".split()),
        r.choice("slowly often gladly rarely".split()),
    )
    beast = r.choice(ANIMALS)
    text = f"The {adjective} {beast} {adverb} {verb} the {noun}."
    word, kind = r.choice([(noun, "noun"), (verb, "verb"), (adjective, "adjective"), (adverb, "adverb")])
    why = {
        "noun": "it names the thing that the verb acts on",
        "verb": "it says what the subject does and carries the ending -s",
        "adjective": f"it describes the {beast}",
        "adverb": f"it tells how or how often someone {verb} something",
    }[kind]
    ask = r.choice(
        [
            f"In “{text}”, what part of speech is “{word}”?",
            f"{text} Is {word} a noun, verb, adjective or adverb here?",
        ]
    )
    return ask, f"“{word}” is {a(kind)}: {why}. The subject of the sentence is “The {adjective} {beast}”."
