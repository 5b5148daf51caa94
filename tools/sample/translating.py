"""Translations whose grammar is small enough to be exact: numbers, dates, days, prices, simple sentences."""

# templates and word lists are kept as they will be printed; a word list is easier to read and to extend as one string
# ruff: noqa: E501, SIM905
from __future__ import annotations

from datetime import date
from random import Random

from .calendars import some_day
from .core import Made, family
from .words import CITIES, EVENTS, NAMES, PLACES

NAMES_OF = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "pt": "Portuguese"}
DAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split(),
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche".split(),
    "es": "lunes martes miércoles jueves viernes sábado domingo".split(),
    "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo".split(),
}
MONTH = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split(),
}


def full_date(d: date, language: str) -> str:
    """Weekday, day, month and year as the language writes them."""
    day, month = DAYS[language][d.weekday()], MONTH[language][d.month - 1]
    if language == "en":
        return f"{day}, {d.day} {month} {d.year}"
    if language == "de":
        return f"{day}, {d.day}. {month} {d.year}"
    if language == "fr":
        return f"{day} {'1er' if d.day == 1 else d.day} {month} {d.year}"
    return f"{day}, {d.day} de {month} de {d.year}"


SMALL = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "de": "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete dezoito dezenove",
}
TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "vingt trente quarante cinquante soixante soixante-dix quatre-vingt quatre-vingt-dix",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
}
ES_TWENTIES = "veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve".split()
HUNDREDS = {
    "es": "cien doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos".split(),
    "pt": "cem duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos".split(),
}


def below_hundred(n: int, language: str) -> str:
    """0 to 99 in words."""
    small, tens = SMALL[language].split(), TENS[language].split()
    if n < 20:
        return "eins" if language == "de" and n == 1 else small[n]
    t, u = tens[n // 10 - 2], n % 10
    if language == "fr":
        return _french_below_hundred(n)
    if language == "es" and n < 30:
        return ES_TWENTIES[u]
    joined = {"en": f"{t}-{small[u]}", "de": f"{small[u]}und{t}", "es": f"{t} y {small[u]}", "pt": f"{t} e {small[u]}"}
    return joined[language] if u else t


def _french_below_hundred(n: int) -> str:
    """20 to 99: 70 and 90 go on counting from 60 and 80, and 80 alone has an s."""
    small, tens = SMALL["fr"].split(), TENS["fr"].split()
    t, u = tens[n // 10 - 2], n % 10
    if n in (71, 80):
        return {71: "soixante et onze", 80: "quatre-vingts"}[n]
    if n // 10 in (7, 9):
        return f"{tens[n // 10 - 3]}-{small[10 + u]}"
    if u == 1 and n < 70:
        return f"{t} et un"
    return f"{t}-{small[u]}" if u else t


def in_words(n: int, language: str) -> str:
    """0 to 999 in words."""
    h, rest = divmod(n, 100)
    if not h:
        return below_hundred(n, language)
    tail = below_hundred(rest, language) if rest else ""
    small = SMALL[language].split()[h]
    if language == "en":
        return f"{small} hundred" + (f" and {tail}" if tail else "")
    if language == "de":
        return f"{small}hundert{tail}"
    if language == "fr":
        head = "cent" if h == 1 else f"{small} cent" + ("" if tail else "s")
        return f"{head} {tail}".strip()
    head = HUNDREDS[language][h - 1]
    if tail and h == 1:
        head = {"es": "ciento", "pt": "cento"}[language]
    return head if not tail else f"{head} e {tail}" if language == "pt" else f"{head} {tail}"


@family("translation", 60)
def _number_words(r: Random) -> Made:
    src, dst = r.sample(sorted(NAMES_OF), 2)
    n = r.randint(17, 998)
    who, place = r.choice(NAMES), r.choice(PLACES)
    ask = r.choice(
        [
            f"How do you say “{in_words(n, src)}” in {NAMES_OF[dst]}?",
            f"{who} must write {n} in words, in {NAMES_OF[dst]} and {NAMES_OF[src]}. What are they?",
            f"Translate the number from {NAMES_OF[src]} to {NAMES_OF[dst]}: {in_words(n, src)} (on a cheque of the {place}).",
        ]
    )
    return ask, (
        f"The number is {n}. In {NAMES_OF[src]} it is “{in_words(n, src)}”, in {NAMES_OF[dst]} “{in_words(n, dst)}”. "
        f"{r.choice(['The number after it', 'One more'])} would be “{in_words(n + 1, dst)}”, "
        f"or “{in_words(n + 1, src)}” in {NAMES_OF[src]}."
    )


@family("translation", 55)
def _date_words(r: Random) -> Made:
    src, dst = r.sample(sorted(NAMES_OF), 2)
    d = some_day(r, 1950, 2040)
    event, city = r.choice(EVENTS), r.choice(CITIES)
    ask = r.choice(
        [
            f"Translate the date into {NAMES_OF[dst]}: {full_date(d, src)}",
            f"The poster of the {event} in {city} needs “{full_date(d, src)}” in {NAMES_OF[dst]}.",
            f"How would a newspaper in {NAMES_OF[dst]} write {full_date(d, src)}?",
        ]
    )
    rules = {
        "en": "day and month names take capitals",
        "de": "the day number is an ordinal, marked by a full stop",
        "fr": "days and months are written small, with no comma",
        "es": "both “de” stay and the names are written small",
        "pt": "weekdays count as “feira”, and “de” joins the parts",
    }
    return ask, f"{full_date(d, dst)}\n\n{r.choice(['Note that in', 'In'])} {NAMES_OF[dst]} {rules[dst]}."


#: subject, verb phrase, and when: aligned over the five languages, so that any combination is grammatical
SUBJECTS = [
    "the teacher|der Lehrer|le professeur|el profesor|o professor",
    "my sister|meine Schwester|ma sœur|mi hermana|minha irmã",
    "the old man|der alte Mann|le vieil homme|el anciano|o velho",
    "our neighbour|unser Nachbar|notre voisin|nuestro vecino|nosso vizinho",
    "the girl|das Mädchen|la fille|la niña|a menina",
    "the baker|der Bäcker|le boulanger|el panadero|o padeiro",
    "the doctor|der Arzt|le médecin|el médico|o médico",
    "the cat|die Katze|le chat|el gato|o gato",
]
ACTIONS = [
    "drinks water|trinkt|Wasser|boit de l'eau|bebe agua|bebe água",
    "reads a book|liest|ein Buch|lit un livre|lee un libro|lê um livro",
    "buys bread|kauft|Brot|achète du pain|compra pan|compra pão",
    "opens the window|öffnet|das Fenster|ouvre la fenêtre|abre la ventana|abre a janela",
    "looks for the key|sucht|den Schlüssel|cherche la clé|busca la llave|procura a chave",
    "eats an apple|isst|einen Apfel|mange une pomme|come una manzana|come uma maçã",
    "sells flowers|verkauft|Blumen|vend des fleurs|vende flores|vende flores",
    "sleeps in the garden|schläft|im Garten|dort dans le jardin|duerme en el jardín|dorme no jardim",
]
TIMES = [
    "today|heute|aujourd'hui|hoy|hoje",
    "in the morning|am Morgen|le matin|por la mañana|de manhã",
    "every day|jeden Tag|tous les jours|todos los días|todos os dias",
    "in winter|im Winter|en hiver|en invierno|no inverno",
    "on Sundays|sonntags|le dimanche|los domingos|aos domingos",
    "in the evening|am Abend|le soir|por la noche|à noite",
]
ORDER = ("en", "de", "fr", "es", "pt")
WORD_ORDER = {
    "en": "English keeps subject, verb and object together and puts the time at the end.",
    "de": "Note the German word order: the time stands right after the verb, before the rest of the sentence.",
    "fr": "As in English, the time comes at the end of the French sentence; the verb follows the subject directly.",
    "es": "The time can also open the Spanish sentence, which would only shift the emphasis.",
    "pt": "The time could open the Portuguese sentence as well; the verb form stays the same.",
}


def small_sentence(subject: str, action: str, time: str) -> dict[str, str]:
    """One sentence in the five languages; German puts the time between the verb and its object."""
    s, t, v = subject.split("|"), time.split("|"), action.split("|")
    out = {"en": f"{s[0]} {v[0]} {t[0]}", "de": f"{s[1]} {v[1]} {t[1]} {v[2]}"}
    out |= {code: f"{s[i]} {v[i + 1]} {t[i]}" for i, code in enumerate(ORDER) if i > 1}
    return {code: text[0].upper() + text[1:] + "." for code, text in out.items()}


@family("translation", 90)
def _small_sentences(r: Random) -> Made:
    versions = small_sentence(r.choice(SUBJECTS), r.choice(ACTIONS), r.choice(TIMES))
    src, dst, third = r.sample(ORDER, 3)
    ask = r.choice(
        [
            f"Translate into {NAMES_OF[dst]}: {versions[src]}",
            f"“{versions[src]}” What is that in {NAMES_OF[dst]}?",
            f"Give me {NAMES_OF[dst]} for this {NAMES_OF[src]} sentence: {versions[src]}",
            f"How does one say “{versions[src]}” in {NAMES_OF[dst]} and in {NAMES_OF[third]}?",
        ]
    )
    if NAMES_OF[third] in ask:
        return ask, f"{NAMES_OF[dst]}: {versions[dst]}\n{NAMES_OF[third]}: {versions[third]}"
    start = r.choice(["", f"In {NAMES_OF[dst]}: "])
    meaning = "" if "en" in (src, dst) else f" (English: {versions['en']})"
    return ask, f"{start}{versions[dst]}{meaning}\n\n{WORD_ORDER[dst]}"


@family("translation", 45)
def _day_lists(r: Random) -> Made:
    src, dst = r.sample(sorted(NAMES_OF), 2)
    table, what = r.choice([(DAYS, "days"), (MONTH, "months")])
    picks = r.sample(range(len(table["en"])), r.randint(3, 5))
    ask = r.choice(
        [
            f"Translate these {what} from {NAMES_OF[src]} into {NAMES_OF[dst]}: {', '.join(table[src][i] for i in picks)}",
            f"{NAMES_OF[dst]} for {', '.join(table[src][i] for i in picks)}? ({what}, {NAMES_OF[src]})",
            f"I keep mixing up {what}. What are {' / '.join(table[src][i] for i in picks)} in {NAMES_OF[dst]}?",
        ]
    )
    pairs = ", ".join(f"{table[src][i]} = {table[dst][i]}" for i in picks)
    return ask, f"{pairs}.\n\nIn calendar order: {', '.join(table[dst][i] for i in sorted(picks))}."
