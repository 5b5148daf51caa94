"""HTML of posts as Markdown text."""

from __future__ import annotations

import functools
import html
import re
from dataclasses import dataclass
from typing import Any, Final

from curate.io.model import RecordError

#: Elements deeper than this are refused: the conversion recurses.
MAX_DEPTH: Final = 100

#: A tag that is whole. Quoted values may hold `>`; no `<` stands inside. Possessive, so that no text takes long.
_TAG: Final = re.compile(r"""<(/?)([A-Za-z][A-Za-z0-9:-]*+)((?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)>""")
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_VOID: Final = frozenset({"br", "hr", "img"})
#: Elements that have a form in Markdown; of any other, the tags go and the text stays. Of a table's parts none is
#: needed to tell its first row, and for a row in `thead` the library looks at all others, which is quadratic.
_KNOWN: Final = _VOID | {
    "a", "b", "blockquote", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5",
    "h6", "i", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "strong", "sub", "sup", "table", "td",
    "th", "tr", "ul",
}  # fmt: skip
_INLINE: Final = {"a", "b", "code", "del", "em", "i", "kbd", "q", "s", "samp", "strong", "sub", "sup"}
#: Older names.
_SAME: Final = {"strike": "s"}
#: The attributes that say something about the text.
_ATTRIBUTES: Final = {"ol": "start", "pre": "class", "code": "class", "td": "colspan", "th": "colspan"}
_LANGUAGE: Final = re.compile(r"\blang(?:uage)?-([A-Za-z0-9+#_.-]{1,30})")


@dataclass(frozen=True, slots=True)
class Markdown:
    """Text made of HTML, and how many links (their text is kept) and images (nothing is) it had."""

    text: str
    links: int
    images: int


def check_html(source: str) -> None:
    """Raise `RecordError` if the elements of `source` are nested more than `MAX_DEPTH` deep."""
    if source.count("<") > MAX_DEPTH:
        _canonical(source)


def to_markdown(source: str) -> Markdown:
    """The text of HTML as Markdown.

    Paragraphs, headings (`#`), lists (`-`, `1.`), quotations (`>`), tables, emphasis and code keep their form; a code
    block is fenced, with its language where the HTML names it, and its text is unchanged. Of a link the text stays, of
    an image nothing. `<br>` is a new line, other white space outside code blocks one space. Powers are written `x^2`
    and indices `x_1`. Character references are decoded once; nothing is escaped, so an author's `&lt;b&gt;` reads
    `<b>`, and what is no whole tag stays as it is written.

    Parameters
    ----------
    source : HTML; comments are left out, and so are the tags (not the text) of elements without a form in Markdown.

    Raises
    ------
    RecordError : elements nested more than `MAX_DEPTH` deep (`too_deep`).
    """
    canonical = _canonical(source)
    clean = "".join(canonical.parts)
    text = _converter()().convert(clean) if "<" in clean else html.unescape(clean).strip()
    return Markdown(text, canonical.links, canonical.images)


def _without_comments(source: str) -> str:
    parts = []
    at = 0
    while (start := source.find("<!--", at)) >= 0 and (end := source.find("-->", start + 4)) >= 0:
        parts.append(source[at:start])
        at = end + 3
    parts.append(source[at:])
    return "".join(parts)


def _canonical(source: str) -> _Canonical:
    if "<!--" in source:
        source = _without_comments(source)
    out = _Canonical()
    at = 0
    for tag in _TAG.finditer(source):
        out.text(source[at : tag.start()])
        at = tag.end()
        name = _SAME.get(tag[2].lower(), tag[2].lower())
        if name not in _KNOWN:
            continue
        if tag[1]:
            out.close(name)
        else:
            out.open(name, tag[3])
    out.text(source[at:])
    while out.stack:
        out.close(out.stack[-1])
    return out


class _Canonical:
    """HTML of known elements, every one closed, with quoted attributes and no white space that is not shown.

    A parser meets nothing in it that parsers disagree on, or that takes long (unclosed comments, half tags).
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.stack: list[str] = []
        self.links = self.images = 0
        self._space = True  # the last character shown is a space, or none is on the line

    def text(self, text: str) -> None:
        """Text between two tags."""
        if not text:
            return
        if "&" in text:
            text = html.unescape(text)
        if "pre" in self.stack:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        else:
            text = _SPACE.sub(" ", text)
            if self._space:
                text = text.removeprefix(" ")
            if text:
                self._space = text.endswith(" ")
        self.parts.append(html.escape(text, quote=False))

    def open(self, name: str, attributes: str) -> None:
        """A start tag."""
        self.links += name == "a"
        self.images += name == "img"
        if name == "img":
            return
        if name == "br" and self.parts:
            self.parts[-1] = self.parts[-1].rstrip(" ")
        if name not in _INLINE:
            self._space = True
        self.parts.append(f"<{name}{_attribute(name, attributes)}>")
        if name not in _VOID:
            self.stack.append(name)
            if len(self.stack) > MAX_DEPTH:
                raise RecordError("too_deep", f"Its HTML is nested more than {MAX_DEPTH} levels deep.")

    def close(self, name: str) -> None:
        """An end tag, of the innermost `name` and all that is open inside it; ignored where there is none."""
        if name not in self.stack:
            return
        while True:
            inner = self.stack.pop()
            self.parts.append(f"</{inner}>")
            if inner not in _INLINE:
                self._space = True
            if inner == name:
                return


def _attribute(name: str, raw: str) -> str:
    wanted = _ATTRIBUTES.get(name)
    if wanted is None or not raw:
        return ""
    found = re.search(rf"""\s{wanted}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", raw, re.IGNORECASE)
    if found is None:
        return ""
    value = html.unescape(next(group for group in found.groups() if group is not None))
    if name == "ol" and not re.fullmatch(r"[0-9]{1,9}", value):
        return ""
    return f' {wanted}="{html.escape(value)}"'


def _raised(mark: str, text: str) -> str:
    """A power or an index: `^2`, `^(n+1)`; a phrase (people set asides small in this way) as it is."""
    inner = text.strip()
    if not inner or " " in inner:
        return text
    return mark + (inner if re.fullmatch(r"[-+−]?\w+", inner) else f"({inner})")


@functools.cache
def _converter() -> type[Any]:
    """The converter class; made here because its library is slow to import."""
    from markdownify import MarkdownConverter

    class Converter(MarkdownConverter):
        """markdownify's, with code as it was written and no link targets."""

        class Options:
            heading_style = "atx"
            bullets = "-"
            escape_asterisks = False
            escape_underscores = False

        def __init__(self) -> None:
            super().__init__()
            self._items: dict[int, int] = {}

        def convert_a(self, _: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002 (the library's form)
            return text

        def convert_br(self, _: Any, text: str, parent_tags: set[str]) -> str:
            return text + (" " if "_inline" in parent_tags else "\n")

        def convert_sup(self, _: Any, text: str, parent_tags: set[str]) -> str:
            return text if "_noformat" in parent_tags else _raised("^", text)

        def convert_sub(self, _: Any, text: str, parent_tags: set[str]) -> str:
            return text if "_noformat" in parent_tags else _raised("_", text)

        def convert_pre(self, el: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002 (the library's form)
            code = el.get_text().removeprefix("\n").rstrip("\n")
            if not code.strip():
                return ""
            if "_inline" in parent_tags:
                return " `" + _SPACE.sub(" ", code).strip() + "` "
            classes = " ".join([*el.get("class", []), *(c for e in el.find_all("code") for c in e.get("class", []))])
            language = _LANGUAGE.search(classes)
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
            return f"\n\n{fence}{language[1] if language else ''}\n{code}\n{fence}\n\n"

        def convert_li(self, el: Any, text: str, parent_tags: set[str]) -> str:  # noqa: ARG002 (the library's form)
            # The library counts the items before each item, which takes quadratic time.
            parent = el.parent
            count = self._items[id(parent)] = self._items.get(id(parent), -1) + 1
            mark = f"{int(parent.get('start', 1)) + count}. " if parent.name == "ol" else "- "
            text = text.strip()
            if not text:
                return "\n"
            lines = text.split("\n")
            rest = [" " * len(mark) + line if line else "" for line in lines[1:]]
            # The library makes one of the line ends at which two parts meet.
            return "\n" + "\n".join([mark + lines[0], *rest]) + "\n"

        def convert_ul(self, _: Any, text: str, parent_tags: set[str]) -> str:
            text = text.strip("\n")
            return f"\n{text}\n" if "li" in parent_tags else f"\n\n{text}\n\n"

        convert_ol = convert_ul

    return Converter
