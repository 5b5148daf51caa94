"""German, French, Spanish and Portuguese families: the same five kinds, each language with its own sentences."""

# templates and word lists are kept as they will be printed; a word list is easier to read and to extend as one string
# ruff: noqa: E501, SIM905
from __future__ import annotations

import unicodedata
from random import Random

from .calendars import some_day
from .core import Made, Maker, family
from .foreign_words import PHRASES
from .translating import MONTH

NAMES = {
    "de": "Anneliese Bernd Clara Detlef Friederike Gregor Heike Jannik Lotte Moritz Ottilie Ruprecht Silke Volker".split(),
    "fr": "Marianne Bastien Capucine Damien Florence Fabrice Ghislaine Romain Juliette Loïc Mireille Victor Solène Thibault".split(),
    "es": "Alba Benito Consuelo Diego Estrella Fermín Graciela Hernán Inés Joaquín Lucía Nicolás Pilar Ramiro".split(),
    "pt": "Adriana Bruno Camila Davi Eduarda Fábio Gabriela Henrique Iara João Letícia Murilo Patrícia Rafael".split(),
}
WORDS = {
    "de": "Apfel Birne Dachs Eule Fenster Garten Hafen Insel Jacke Kessel Löffel Mantel Nebel Ofen Pinsel Quelle Regen Segel Teller Wolke Zaun".split(),
    "fr": "abeille bateau cerise dragon fleuve gomme herbe jardin koala lampe moulin nuage orange panier quai rivière soleil tambour verger wagon zèbre".split(),
    "es": "abeja barco cereza dragón fuego gato hierba jardín limón mesa nube oveja pan queso rueda silla tambor uva verano yegua zorro".split(),
    "pt": "abelha barco cereja dado fogo gato horta jardim limão mesa nuvem ovelha pão queijo roda sino tambor uva verão xale zebra".split(),
}


def euros(cents: int) -> str:
    """An amount as the four languages write it: `12,50 €`."""
    return f"{cents // 100},{cents % 100:02d} €"


def folded(word: str) -> str:
    """The word without accents, which dictionaries ignore at first."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)).lower()


def short_date(language: str, day: int, month: int, year: int) -> str:
    """The date without the weekday."""
    name = MONTH[language][month - 1]
    if language == "de":
        return f"{day}. {name} {year}"
    if language == "fr":
        return f"{'1er' if day == 1 else day} {name} {year}"
    return f"{day} de {name} de {year}"


def _sale(language: str) -> Maker:
    text = PHRASES[language]

    def make(r: Random) -> Made:
        (x, y), n, m = r.sample(text["things"], 2), r.randint(2, 30), r.randint(2, 30)
        p, q = r.randrange(45, 2600, 5), r.randrange(45, 2600, 5)
        fill = {
            "who": r.choice(NAMES[language]),
            "where": r.choice(text["where"]),
            "x": x,
            "y": y,
            "n": n,
            "m": m,
            "p": euros(p),
            "q": euros(q),
            "np": euros(n * p),
            "mq": euros(m * q),
            "total": euros(n * p + m * q),
        }
        return r.choice(text["shop"]).format(**fill), r.choice(text["shop_answer"]).format(**fill)

    return make


def _weekday(language: str) -> Maker:
    text = PHRASES[language]

    def make(r: Random) -> Made:
        d = some_day(r, 1900, 2050)
        fill = {
            "who": r.choice(NAMES[language]),
            "where": r.choice(text["where"]),
            "d": short_date(language, d.day, d.month, d.year),
            "day": text["days"][d.weekday()],
            "n": d.timetuple().tm_yday,
            "first": text["days"][d.replace(month=1, day=1).weekday()],
        }
        return r.choice(text["day"]).format(**fill), r.choice(text["day_answer"]).format(**fill)

    return make


def _mood(language: str) -> Maker:
    text = PHRASES[language]

    def make(r: Random) -> Made:
        bad = r.random() < 0.5
        said = r.choice(text["bad" if bad else "good"])
        more = r.choice([s for s in text["bad" if bad else "good"] if s != said])
        fill = {
            "x": r.choice(text["things"]),
            "who": r.choice(NAMES[language]),
            "where": r.choice(text["where"]),
            "n": r.randint(2, 40),
            "s": f"{said} {more}",
        }
        review = r.choice(text["mood"]).format(**fill)
        return r.choice(text["ask_mood"]), review, text["mood_answer"][bad].format(s=said)

    return make


def _notice(language: str) -> Maker:
    text = PHRASES[language]

    def make(r: Random) -> Made:
        who, other = r.sample(NAMES[language], 2)
        fill = {
            "who": who,
            "other": other,
            "x": r.choice(text["things"]),
            "where": r.choice(text["where"]),
            "n": r.randint(3, 80),
            "h": r.randint(8, 19),
            "p": euros(r.randrange(300, 9000, 50)),
            "day": r.choice(text["days"]),
        }
        return r.choice(text["notice_ask"]), text["notice"][0].format(**fill), text["notice_answer"][0].format(**fill)

    return make


def _order(language: str) -> Maker:
    text = PHRASES[language]

    def make(r: Random) -> Made:
        words = r.sample(WORDS[language], r.randint(5, 7))
        done = sorted(words, key=folded)
        ask = r.choice(text["order"]).format(words=", ".join(words))
        return ask, text["order_answer"][0].format(sorted=", ".join(done), first=done[0], n=len(done[0]))

    return make


KINDS = (
    ("math", _sale),
    ("open_qa", _weekday),
    ("classification", _mood),
    ("closed_qa", _notice),
    ("extraction", _order),
)
for _language in PHRASES:
    for _task, _kind in KINDS:
        _maker = _kind(_language)
        _maker.__name__ = f"{_kind.__name__.strip('_')}_{_language}"
        family(_task, 22, _language)(_maker)
