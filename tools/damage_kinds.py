"""Ways to break a good answer, for fitting and for judging the damage model: each kind in one function.

A kind takes a random generator, a record and the others to borrow from, and gives the broken answer, or None where the
answer cannot be broken in that way (one word cannot be shuffled). All wording is our own.
"""

# word lists and sentences stand as they are used; the name of each kind says what it does
# ruff: noqa: D103
from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final


@dataclass(frozen=True)
class Pair:
    """An instruction with its answer, and the source it came from."""

    instruction: str
    response: str
    source: str
    language: str = "en"


Kind = Callable[[Random, Pair, Sequence[Pair]], str | None]
#: Each kind, under the family of kinds that are held out together.
KINDS: Final[dict[str, tuple[str, Kind]]] = {}


def kind(family: str) -> Callable[[Kind], Kind]:
    """Register a kind under its function's name."""

    def register(fn: Kind) -> Kind:
        KINDS[fn.__name__] = (family, fn)
        return fn

    return register


FILLER: Final = (
    "It should be said that this is a topic with many sides to it.",
    "As we all know, there are a lot of things that one could say about this.",
    "Everybody has their own opinion, and that is perfectly fine.",
    "At the end of the day, what matters is what works for you.",
    "There are of course many other factors that play a role here.",
    "It is worth noting that every situation is different.",
    "In today's world this is more important than ever before.",
    "All in all, this is something that should not be underestimated.",
    "Needless to say, more could be added to this.",
    "Overall, it is a very interesting and very important subject.",
    "Please feel free to ask if anything is unclear.",
    "I hope that this answer was useful for you!",
    "If you need anything else, just let me know.",
    "To sum up, there is no single right answer to this question.",
    "It is always a good idea to do your own research.",
    "Results may vary from person to person.",
    "Without further ado, let us take a closer look at the matter.",
    "That is a great question, and I am happy to help with it.",
    "When all is said and done, it comes down to many different things.",
    "There is much more to this than meets the eye.",
    "Remember that it is important to keep everything in mind.",
    "Thank you for asking, and have a wonderful day!",
)
REFUSALS: Final = (
    "I'm sorry, but I can't help with that.",
    "Sorry, I am not able to answer this question.",
    "As an AI, I do not have the ability to complete this task.",
    "I apologize, but I cannot fulfil this request.",
    "Unfortunately, I am unable to provide this information.",
    "I'm afraid I can't do that, as I am only a language model.",
    "I cannot assist with this request.",
    "As a language model, I don't have access to this kind of information.",
)
DISCLAIMERS: Final = (
    "Please note that I am an AI language model and may be wrong.",
    "As an AI language model, I cannot guarantee that this is right.",
    "However, as an AI I have no personal experience of this.",
)
PROMISES: Final = (
    "Sure, here is what you asked for:",
    "Of course! I will write it for you now.",
    "Here you go:",
    "Okay.",
    "I will get back to you on this.",
    "See above.",
    "As discussed.",
)
STAND_INS: Final = (
    "N/A",
    "...",
    "[answer]",
    "TODO",
    "None",
    "null",
    "<output>",
    "Your answer here",
    "-",
    "[insert text here]",
)
LABELS: Final = (
    "### Response:\n",
    "Response: ",
    "Output: ",
    "### Answer:\n",
    "Assistant: ",
    "Answer:\n",
    "AI: ",
    "Bot: ",
)
TOKENS: Final = ("</s>", "<|endoftext|>", "<|im_end|>", "<pad><pad>", "[/INST]", "<|eot_id|>", "<eos>", "<end_of_turn>")


def sentences(text: str) -> list[str]:
    """Sentences or lines of a text."""
    return [s for s in re.split(r"(?<=[.!?])\s+|\n+", text) if s.strip()]


def prose(text: str, least: int = 8) -> bool:
    """Whether a text has words enough, and is no code."""
    return len(text.split()) >= least and not re.search(
        r"```|[{};]\s*$|^\s*(?:def|import|#include) ", text, re.MULTILINE
    )


@kind("truncation")
def cut_between_words(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    words = re.findall(r"\S+\s*", x.response)
    if len(words) < 8:
        return None
    cut = "".join(words[: max(4, int(len(words) * r.uniform(0.3, 0.95)))]).rstrip()
    return None if cut[-1] in ".!?:)\"'`}]" else cut


@kind("truncation")
def cut_in_word(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    places = [m.start() for m in re.finditer(r"(?<=[^\W\d_]{2})[^\W\d_]", x.response)]
    places = [p for p in places if p > 30]
    return x.response[: r.choice(places)] if places else None


@kind("truncation")
def cut_code(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    begin = x.response.find("```")
    lines = x.response[begin:].split("\n")
    if begin < 0 or len(lines) < 4:
        return None
    return x.response[:begin] + "\n".join(lines[: r.randint(2, len(lines) - 2)])


@kind("truncation")
def cut_at_start(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    words = x.response.split(" ")
    if not prose(x.response, 20):
        return None
    cut = " ".join(words[r.randint(3, len(words) // 2) :]).lstrip()
    return cut if cut and not cut[0].isupper() else None


@kind("loops")
def end_repeated(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    if not prose(x.response):
        return None
    last = sentences(x.response)[-1]
    return x.response + (" " + last) * r.randint(1, 5)


@kind("loops")
def words_repeated(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    words = x.response.split()
    if not prose(x.response, 12):
        return None
    at, size = r.randint(4, len(words)), r.randint(1, 4)
    return " ".join(words[:at] + words[max(0, at - size) : at] * r.randint(4, 20))


@kind("copies")
def answered_twice(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return x.response + r.choice(["\n\n", "\n", " "]) + x.response if prose(x.response) else None


@kind("copies")
def sentences_repeated(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    parts = sentences(x.response)
    if len(parts) < 3 or not prose(x.response):
        return None
    for _i in range(r.randint(1, 3)):
        parts.insert(r.randint(0, len(parts)), r.choice(parts))
    return r.choice([" ", "\n"]).join(parts)


@kind("copies")
def words_doubled(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    if not prose(x.response, 12):
        return None
    return " ".join(w + " " + w if r.random() < 0.2 else w for w in x.response.split(" "))


@kind("encoding")
def read_as_latin(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    text = re.sub(r"'", "’", x.response)
    text = re.sub(r'"([^"\n]*)"', r"“\1”", text).replace(" - ", " – ")
    if text.isascii():
        return None
    return text.encode().decode(r.choice(["cp1252", "latin-1"]), "replace")


@kind("encoding")
def characters_lost(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    mark = r.choice(["?", "\ufffd"])
    text = re.sub(r"['’\"“”]|[^\x00-\x7f]", mark, x.response)
    if mark == "?":
        # An apostrophe inside a word is what gets lost where the text was plain.
        text = "".join(mark if c == "e" and r.random() < 0.08 else c for c in text)
    return text if prose(x.response) and text.count(mark) > x.response.count(mark) + 1 else None


@kind("encoding")
def escapes_left(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    text = x.response.replace("\n", "\\n").replace('"', '\\"').replace("'", r.choice(["\\'", "\\u2019", "&#39;"]))
    return text if prose(x.response) and text != x.response else None


@kind("markup")
def tags_left(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    if not prose(x.response):
        return None
    parts = [html.escape(p) for p in sentences(x.response)]
    tag = r.choice(["p", "li", "div", "span"])
    ends = r.choice([f"<{tag}>{{}}</{tag}>", "{}<br>", "{}<br/><br/>", "{}&nbsp;"])
    return r.choice(["\n", " "]).join(ends.format(p) for p in parts)


@kind("markup")
def marks_left(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    words = x.response.split(" ")
    if not prose(x.response, 12):
        return None
    forms = [
        "[{}](",
        "[[{}]]",
        "{}[1]",
        "**{}",
        "[b]{}[/b]",
        "![{}]()",
        "[{}](#)",
        "{}[edit]",
        "[url]{}[/url]",
        "&lt;{}&gt;",
    ]
    form = r.choice(forms)
    for _i in range(r.randint(2, 5)):
        at = r.randrange(len(words))
        words[at] = form.format(words[at])
    return " ".join(words)


@kind("echo")
def echoed(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return x.instruction + r.choice(["", " ", "\n"]) if len(x.instruction.split()) > 3 else None


@kind("echo")
def echoed_first(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return x.instruction + r.choice([" ", "\n", "\n\n"]) + x.response if len(x.instruction.split()) > 3 else None


@kind("echo")
def echoed_last(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return x.response + r.choice([" ", "\n\n"]) + x.instruction if len(x.instruction.split()) > 5 else None


@kind("refusal")
def refused(r: Random, _x: Pair, _: Sequence[Pair]) -> str | None:
    return r.choice(REFUSALS)


@kind("refusal")
def refused_first(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return r.choice(REFUSALS) + r.choice([" ", " However, ", "\n\n"]) + x.response


@kind("refusal")
def disclaimed(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return x.response + r.choice([" ", "\n\n"]) + r.choice(DISCLAIMERS)


@kind("nothing")
def emptied(r: Random, _x: Pair, _: Sequence[Pair]) -> str | None:
    return r.choice(["", " ", "\n", "\u200b"])


@kind("nothing")
def stood_in(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return r.choice(STAND_INS) if prose(x.response) else None


@kind("nothing")
def promised(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return r.choice(PROMISES) if prose(x.response) else None


@kind("salad")
def words_shuffled(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    words = x.response.split()
    if not prose(x.response, 10):
        return None
    r.shuffle(words)
    return " ".join(words)


@kind("salad")
def sentences_scrambled(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    if not prose(x.response, 10):
        return None
    out = []
    for part in sentences(x.response):
        words = part.rstrip(".!?").split()
        r.shuffle(words)
        out.append(" ".join(words).capitalize() + ".")
    return " ".join(out)


@kind("salad")
def words_from_anywhere(r: Random, x: Pair, others: Sequence[Pair]) -> str | None:
    if not prose(x.response, 10):
        return None
    return " ".join(r.choice(r.choice(others).response.split() or ["so"]) for _i in range(r.randint(10, 60)))


@kind("filler")
def filler_added(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    if not prose(x.response):
        return None
    return x.response + " " + " ".join(r.sample(FILLER, r.randint(2, 5)))


@kind("filler")
def filler_between(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    parts = sentences(x.response)
    if not prose(x.response) or len(parts) < 2:
        return None
    for text in r.sample(FILLER, r.randint(2, 5)):
        parts.insert(r.randint(0, len(parts)), text)
    return " ".join(parts)


@kind("form")
def bare(_r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return re.sub(r"[^\w\s]", "", x.response.lower()) if prose(x.response) else None


@kind("form")
def small_letters(_r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return x.response.lower() if prose(x.response, 12) else None


@kind("form")
def no_marks(_r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return re.sub(r"[^\w\s]", "", x.response) if prose(x.response, 15) else None


@kind("form")
def capitals(_r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return x.response.upper() if prose(x.response, 12) else None


@kind("swapped")
def other_answer(r: Random, x: Pair, others: Sequence[Pair]) -> str | None:
    other = r.choice(others)
    return other.response if prose(other.response) and other.instruction != x.instruction else None


@kind("swapped")
def half_other_answer(r: Random, x: Pair, others: Sequence[Pair]) -> str | None:
    parts, other = sentences(x.response), sentences(r.choice(others).response)
    if len(parts) < 2 or len(other) < 2:
        return None
    return " ".join(parts[: (len(parts) + 1) // 2] + other[len(other) // 2 :])


@kind("language")
def other_language(r: Random, x: Pair, others: Sequence[Pair]) -> str | None:
    foreign = [o for o in others if o.language != x.language and prose(o.response)]
    return r.choice(foreign).response if foreign else None


@kind("template")
def tokens_left(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    mark = r.choice(TOKENS)
    return r.choice([x.response + mark, mark + x.response, f"{x.response} {mark} {x.response[:40]}"])


@kind("template")
def labelled(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return r.choice(LABELS) + x.response


@kind("template")
def went_on(r: Random, x: Pair, others: Sequence[Pair]) -> str | None:
    other = r.choice(others)
    form = r.choice(
        [
            "### Instruction:\n{}\n\n### Response:\n{}",
            "Human: {}\n\nAssistant: {}",
            "Q: {}\nA: {}",
            "Instruction: {}\nOutput: {}",
        ]
    )
    return x.response + "\n\n" + form.format(other.instruction, other.response)


@kind("noise")
def mistyped(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    if not prose(x.response, 12):
        return None
    text = list(x.response)
    for i in range(len(text) - 1):
        if text[i].isalpha() and r.random() < 0.08:
            way = r.randrange(3)
            if way == 0:
                text[i] = ""
            elif way == 1:
                text[i] = r.choice("abcdefghijklmnopqrstuvwxyz")
            else:
                text[i], text[i + 1] = text[i + 1], text[i]
    return "".join(text)


@kind("noise")
def spaces_lost(r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    if not prose(x.response, 12):
        return None
    share = r.choice([0.3, 1.0])
    return "".join("" if c == " " and r.random() < share else c for c in x.response)


@kind("noise")
def letters_spaced(_r: Random, x: Pair, _: Sequence[Pair]) -> str | None:
    return " ".join(x.response) if prose(x.response) else None


def damaged(pairs: Sequence[Pair], seed: int, per_kind: int) -> list[tuple[str, Pair, str]]:
    """Up to `per_kind` broken answers of each kind: the kind, the good pair, the broken answer."""
    out = []
    for name, (_family, fn) in KINDS.items():
        r = Random(f"{seed}:{name}")
        made, tries = 0, 0
        while made < per_kind and tries < 20 * per_kind:
            tries += 1
            good = r.choice(pairs)
            bad = fn(r, good, pairs)
            if bad is not None and bad != good.response:
                out.append((name, good, bad))
                made += 1
    return out
