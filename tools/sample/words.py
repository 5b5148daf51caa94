"""Word banks that the families draw from. People, firms and prices are invented."""

# templates and word lists are kept as they will be printed; a word list is easier to read and to extend as one string
# ruff: noqa: E501, SIM905
from __future__ import annotations

from random import Random

NAMES = (
    "Amara Bjorn Celia Dario Elif Farah Gideon Hanna Idris Jolene Kofi Leonie Mateo Nadia Oskar Priya Quentin Rosa "
    "Samir Tilda Umar Vera Wen Ximena Yusuf Zoe Anselm Bettina Cormac Delphine Emeka Fiona Goran Heloise Ines Jarek "
    "Keiko Lorcan Mirela Noor Odette Pavel Rahel Stellan Tomasz Ulla Viktor Winnie Yara Zeno"
).split()
SURNAMES = (
    "Abara Brandt Castellan Dufour Eklund Ferreira Grubb Holloway Ivanova Jessop Kessler Lindqvist Marchetti Nowak "
    "Okafor Pellegrin Quist Ramsay Santori Thorne Underhill Vasquez Whitlock Yilmaz Zimmer Ashdown Bellamy Crane"
).split()
CITIES = (
    "Lisbon Porto Lyon Graz Leipzig Bergen Tampere Girona Bologna Ghent Utrecht Cork Leeds Bristol Halifax Winnipeg "
    "Tucson Savannah Duluth Adelaide Dunedin Nagoya Busan Pune Kochi Accra Kumasi Nairobi Durban Tunis Cusco Rosario "
    "Curitiba Merida Quito Izmir Tbilisi Riga Vilnius Ljubljana"
).split()
JOBS = (
    "carpenter, beekeeper, nurse, tram driver, florist, tailor, potter, electrician, librarian, baker, plumber, "
    "violin teacher, ferry captain, gardener, welder, pharmacist, locksmith, bookbinder, dog groomer, tiler"
).split(", ")
GOODS = (
    "notebooks, candles, umbrellas, teapots, scarves, lanterns, wooden spoons, sketch pads, flower pots, jars of honey, "
    "picture frames, bicycle bells, woollen socks, postcards, screwdrivers, cushions, chess sets, mugs, seed packets, "
    "paintbrushes, water bottles, backpacks, tea towels, door handles, table lamps, garden gloves, puzzle boxes, "
    "bars of soap, aprons, kites"
).split(", ")
FOODS = (
    "lentils, rice, plums, walnuts, flour, oats, cherries, mushrooms, potatoes, almonds, raisins, tomatoes, barley, "
    "apricots, carrots, chickpeas, pears, hazelnuts, spinach, figs"
).split(", ")
PLACES = (
    "village library, bus depot, town museum, riverside market, primary school, botanical garden, repair café, harbour "
    "office, swimming pool, community theatre, animal shelter, print shop, food bank, climbing hall, film club, "
    "boat yard, dairy farm, call centre, railway station, allotment society"
).split(", ")
EVENTS = (
    "harvest fair, chess tournament, poetry evening, charity run, plant swap, open day, jazz concert, pottery workshop, "
    "book launch, neighbourhood dinner, robotics contest, blood drive, regatta, choir rehearsal, model train show, "
    "first-aid course, cheese tasting, bird walk, bike auction, craft market"
).split(", ")
ANIMALS = "otter heron badger fox hedgehog crane lynx tortoise magpie donkey goose hare owl seal goat raven".split()
COLOURS = "amber teal crimson ivory indigo olive coral slate violet mustard scarlet turquoise".split()
PLAIN_WORDS = (
    "lantern harbour meadow pebble thunder garden pencil ribbon copper feather winter island marble saddle orchard "
    "cabin velvet bottle canyon timber magnet basket planet cushion ladder mirror puzzle rocket shadow tunnel violin "
    "walnut anchor bridge candle desert engine forest glacier hammer insect jacket kettle lagoon monsoon needle oyster "
    "parrot quarry raincoat sailor teapot umbrella village whistle yogurt zipper acorn biscuit compass dragon ember "
    "falcon goblet hammock iceberg jungle kingdom lemon mustard notebook opera pigeon quilt riddle spider tangerine"
).split()
MONTHS = ("January February March April May June July August September October November December").split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def person(r: Random) -> str:
    """A first name and a surname."""
    return f"{r.choice(NAMES)} {r.choice(SURNAMES)}"


def money(cents: int, sign: str = "€") -> str:
    """An amount such as €12.50; whole amounts lose the cents."""
    whole, rest = divmod(cents, 100)
    return f"{sign}{whole:,}.{rest:02d}" if rest else f"{sign}{whole:,}"


def plain(value: float, digits: int = 2) -> str:
    """A number with at most `digits` decimals and no trailing zeros."""
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def a(noun: str) -> str:
    """The noun with its indefinite article."""
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"


def listed(items: list[str], last: str = "and") -> str:
    """`a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"
