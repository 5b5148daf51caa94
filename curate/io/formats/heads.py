"""What the first bytes of a file of JSON objects tell: the names of an object's first fields."""

from __future__ import annotations

from curate.io.strictjson import WHITE, scan


def first_fields(text: str) -> tuple[list[str], int | None]:
    """The names of the fields of the JSON object at the start of `text`, as far as it goes.

    Returns
    -------
    The names in their order, and the index after the object; None for one that is cut off or malformed.
    """
    names: list[str] = []
    at = _white(text, 1)
    if text[:1] != "{":
        return names, None
    while text[at : at + 1] != "}":
        try:
            name, at = scan(text, at)
            if type(name) is not str:
                return names, None
            names.append(name)
            _, at = scan(text, _white(text, _white(text, at) + 1))
        except ValueError:
            return names, None
        at = _white(text, at)
        if text[at : at + 1] == ",":
            at = _white(text, at + 1)
    return names, at + 1


def _white(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in WHITE:
        at += 1
    return at
