"""The patterns of `task_rules` for texts in which each character beyond ASCII has a twin in ASCII.

Automata over all of Unicode are large: `\\w` alone is hundreds of ranges of UTF-8, and none knows a word boundary where
a text is not all ASCII. The views of a record are in lower case, so that capital letters are free to stand for others:
in a text's *twin* each letter beyond ASCII that a pattern names has a capital of its own, every other character of
words is `Z`, every decimal digit `Y`, white space a vertical tab, and what else a pattern names, or does not, a control
character. A pattern that is rewritten in the same way matches the twin where the pattern itself matches the text.
"""

from __future__ import annotations

from typing import Final

from curate.algorithms.task_rules import TABLE, Evidence

#: Twins of the characters that patterns name.
NAMED: Final[dict[str, str]] = {
    character: twin
    for is_word, twins in ((True, "ABCDEFGHIJKLMNOPQRSTUVWX"), (False, "\x02\x03\x04\x05\x06\x07"))
    for character, twin in zip(
        sorted({c for entry in TABLE for c in entry.pattern if not c.isascii() and c.isalnum() == is_word}),
        twins,
        strict=False,
    )
}
#: Sorts of characters beyond ASCII, in the patterns' syntax, and the twin of each; a later one takes what is left.
SORTS: Final[tuple[tuple[str, str], ...]] = (
    (r"[\d&&[^\x00-\x7f]]", "Y"),
    (r"[\w&&[^\x00-\x7f]]", "Z"),
    (r"[\s&&[^\x00-\x7f]]", "\x0b"),
    (r"[^\x00-\x7f]", "\x01"),
)
_DIGITS: Final = "0-9Y"
_SPACES: Final = r"\t-\r "
_INSIDE: Final = {"d": _DIGITS, "s": _SPACES, "w": "0-9A-Za-z_"}
_OUTSIDE: Final = {**{name: f"[{inside}]" for name, inside in _INSIDE.items()}, "b": r"(?-u:\b)"}
_ANY: Final = r"[\x00-\x7f]"

#: Of a rule that takes long (by its task, weight and view), what is in every text that it matches; for twins.
SCREENS: Final[dict[tuple[str, float, str], tuple[str, ...]]] = {
    ("classification", 2.5, "opening"): (" or |,[^,]*,[^,]*,[^,]*,",),
    ("math", 3.5, "text"): (
        rf"[?.)][{_SPACES}]*$",
        "how |what|calculate|find|determine|wie|combien|cu[A-Z]nt|quant",
        rf"[{_DIGITS}]|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|twice|half|double|triple|third|quart|doz",
    ),
}


def twin_of(pattern: str) -> str:
    """`pattern` for twins.

    Raises
    ------
    ValueError : it holds what has no counterpart here.
    """
    out: list[str] = []
    # A dot takes in line breaks where a pattern says so once.
    any_character = _ANY if "(?s" in pattern else r"[\x00-\x09\x0b-\x7f]"
    inside, end, i = False, "]", 0
    while i < len(pattern):
        part = NAMED.get(pattern[i], pattern[i])
        i += 1
        if part == "\\":
            part = _escaped(pattern[i], inside=inside)
            i += 1
        elif inside and part == "]":
            inside, part = False, end
        elif not inside and part == "[":
            negated = pattern[i] == "^"
            part, end = (rf"{_ANY[:-1]}&&[^", "]]") if negated else ("[", "]")
            inside = True
            i += negated
        elif not inside and part == ".":
            part = any_character
        elif not part.isascii() or (part.isupper() and pattern[i - 1].isascii()):
            raise ValueError(f"{pattern!r}: {part!r} has no twin")
        out.append(part)
    return "".join(out)


def _escaped(name: str, *, inside: bool) -> str:
    if name == "S" and not inside:
        return rf"{_ANY[:-1]}&&[^{_SPACES}]]"
    if name.isupper():
        raise ValueError(f"\\{name} has no twin")
    return (_INSIDE if inside else _OUTSIDE).get(name, f"\\{name}")


def screens_of(entry: Evidence) -> tuple[str, ...]:
    """Patterns for twins, each of which matches wherever the entry's does."""
    return SCREENS.get((entry.task, entry.weight, entry.view), ())


#: The pattern of each entry of `TABLE` for twins.
TWINS: Final[tuple[str, ...]] = tuple(twin_of(entry.pattern) for entry in TABLE)
