"""ShareGPT records: a list of turns with from and value, as plain text or as the HTML that the page showed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from curate.io.formats.base import Convert, Example, Record, RecordFormat, field_error
from curate.io.formats.messages import has_turns
from curate.io.formats.turns import CONVERTED, Dialect, conversation, noted_meta
from curate.io.options import ReadOptions

#: The speakers that occur in ShareGPT dumps, with the role of each.
SPEAKERS: Final = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bard": "assistant",
    "system": "system",
}
_DIALECT: Final = Dialect(SPEAKERS, "from", "value")

#: What decides on HTML stands at the ends of a turn; only so many characters are looked at.
_LOOK: Final = 4000
_DIVS = re.compile(r"\s*(?:<div(?:\s[^<>]*)?>\s*)+").match
_RENDERED = re.compile(r"""class\s*=\s*["'][^"'<>]*(?<![\w-])(?:markdown|prose)(?![\w-])""").search
_BLOCK = r"(?:p|ol|ul|pre|blockquote|table|h[1-6])"
_OPENS = re.compile(rf"\s*<{_BLOCK}(?:\s[^<>]*)?>").match
_CLOSES = re.compile(rf"</{_BLOCK}>\s*\Z").search
_ABOUT_MARKUP = re.compile(r"<|html|markup|css|web|xml|svg|code|snippet|\btags?\b", re.IGNORECASE).search


def matches(record: Record) -> bool:
    """A list of objects with a `from` in `conversations`."""
    return has_turns(record, "conversations", "from")


def convert(record: Record, *, repaired: bool = False, html: bool = True) -> Example:
    """The turns, with the speakers' names mapped to roles, and HTML converted to Markdown.

    Parameters
    ----------
    repaired : put the turns in order.
    html : look for HTML; if not, all text stays as it is.
    """
    turns = record.get("conversations")
    if type(turns) is not list:
        raise field_error(record, "conversations", what="a list")
    texts, system, notes = conversation(turns, _DIALECT, repaired=repaired)
    if html and is_html(texts[system:]):
        texts = tuple(_markdown(text, answer=(at - system) % 2 == 1) for at, text in enumerate(texts))
        notes[CONVERTED] = "html"
    return texts, system, noted_meta(record, ("conversations",), notes)


def is_html(texts: Sequence[str]) -> bool:
    """Whether a conversation was saved as the HTML that the page showed.

    It was if an answer begins with the element that the page put around rendered Markdown (a `div` of the class
    `markdown` or `prose`). It also was if every answer is a row of block elements of which one is a paragraph, unless
    the user speaks of markup, web pages or code: then that may be just what was asked for.

    Parameters
    ----------
    texts : the turns of user and assistant in alternation.
    """
    answers = texts[1::2]
    if not any(answer[:_LOOK].lstrip().startswith("<") for answer in answers):
        return False
    if any(map(_is_rendered, answers)):
        return True
    if not all(_is_block(answer) for answer in answers) or not any("<p>" in answer for answer in answers):
        return False
    return not any(map(_ABOUT_MARKUP, texts[::2]))


def _is_rendered(text: str) -> bool:
    divs = _DIVS(text[:_LOOK])
    return divs is not None and _RENDERED(divs.group()) is not None


def _is_block(text: str) -> bool:
    return _OPENS(text[:_LOOK]) is not None and _CLOSES(text[-_LOOK:]) is not None


def _markdown(text: str, *, answer: bool) -> str:
    """The turn as Markdown if it is the page's HTML, or as it is: in one record turns of both kinds occur."""
    if not _is_rendered(text) and not (answer and _OPENS(text[:_LOOK])):
        return text
    from curate.io.formats.html_markdown import to_markdown

    return to_markdown(_bare_code(text)).text


def _bare_code(html: str) -> str:
    """The HTML without what the page put around the code in a `pre` (the language's name, a button to copy)."""
    pieces: list[str] = []
    at = 0
    while (start := html.find("<pre", at)) >= 0 and (end := html.find("</pre>", start)) >= 0:
        code = html.find("<code", start, end)
        close = html.rfind("</code>", start, end)
        if 0 <= code < close:
            pieces += [html[at:start], "<pre>", html[code:close], "</code>"]
        else:
            pieces.append(html[at:end])
        at = end
    return "".join([*pieces, html[at:]])


def bind(options: ReadOptions) -> Convert:
    """`convert` under these options."""
    return lambda record: convert(record, repaired=options.roles == "repair", html=options.html == "detect")


FORMAT = RecordFormat(
    name="sharegpt",
    summary="A list of turns with from and value, as in ShareGPT dumps.",
    fields={
        "conversations": "a list of objects with `from` (human or user; gpt, assistant, chatgpt or bard; system) "
        "and `value` (text; the page's HTML, as in the older dumps, becomes Markdown, and `meta` says so)",
    },
    needs=("conversations",),
    matches=matches,
    convert=convert,
    bind=bind,
)
