"""Text templates that can do no harm: a small part of Jinja2, checked before anything runs.

Two fences, one behind the other. A template may use nothing but what `_ALLOWED` lists: no calls, no arithmetic, no
attributes (but `loop.index` and the like), no imports or macros, filters that cannot multiply text, loops over lists
of the row that do not stand in each other, and few parts in all; so time and memory are linear in the row. What is
left runs in Jinja's `SandboxedEnvironment` with `StrictUndefined`, and the length of its output is bounded. Cells of
a row are values, never templates: braces in them are text.

References
----------
- Jinja 3.1 documentation, "Sandbox": "the sandbox alone is no solution for perfect security", and what it leaves open
  (time, memory), which the first fence closes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from curate.errors import ConfigError
from curate.io.formats.base import kind_of, nearest
from curate.io.meta import dump
from curate.io.model import RecordError, show
from curate.io.strictjson import loads

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.sandbox import SandboxedEnvironment

#: Characters, parts and loops of one template text, and characters of the text that one row may become.
MAX_SOURCE: Final = 64 * 1024
MAX_NODES: Final = 500
MAX_LOOPS: Final = 8
MAX_OUTPUT: Final = 4_000_000

_ALLOWED: Final = frozenset(
    {"Template", "Output", "TemplateData", "Name", "Const", "If", "CondExpr", "Compare", "Operand", "And", "Or", "Not",
     "Getattr", "Filter", "Test", "For"}
)  # fmt: skip
_LOOP: Final = frozenset({"index", "index0", "first", "last", "length"})
_TESTS: Final = frozenset({"none", "string", "number"})

Render = Callable[[Mapping[str, Any]], str]


def text_of(value: Any) -> str:
    """A cell as text: text as it is, numbers, dates and truth values as JSON writes them.

    Raises
    ------
    RecordError : null, a list or an object.
    """
    if type(value) is str:
        return value
    if value is None:
        raise RecordError("null_field", "A value that the template prints is null.")
    if isinstance(value, list | dict | tuple):
        raise RecordError("wrong_type", f"A value that the template prints is {kind_of(value)}, not text.")
    text = dump(value)
    return str(loads(text)) if text.startswith('"') else text


def _string(method: Callable[[str], str]) -> Callable[[Any], str]:
    return lambda value: method(text_of(value))


def _join(value: Any, between: str = "") -> str:
    if not isinstance(value, list | tuple):
        raise RecordError("wrong_type", f"A value that the template joins is {kind_of(value)}, not a list.")
    parts = [text_of(part) for part in value]
    _check_size(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def _length(value: Any) -> int:
    if not isinstance(value, list | tuple | str):
        raise RecordError("wrong_type", f"A value that the template measures is {kind_of(value)}.")
    return len(value)


def _check_size(size: int) -> None:
    if size > MAX_OUTPUT:
        raise RecordError("text_too_long", f"The text that the template makes is longer than {MAX_OUTPUT} characters.")


_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "capitalize": _string(str.capitalize),
    "join": _join,
    "length": _length,
    "lower": _string(str.lower),
    "trim": _string(str.strip),
    "upper": _string(str.upper),
}


@cache
def _environment() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=text_of,
        autoescape=False,  # prompts are plain text, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    environment.globals.clear()
    environment.filters = dict(_FILTERS)
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


def compile_text(source: str, names: Collection[str], where: str) -> Render:
    """The function that fills in a template.

    Parameters
    ----------
    source : the template's text; white space at its ends is no part of it.
    names : the variables that it may use.
    where : `file:line` and the place, for messages.

    Raises
    ------
    ConfigError : the template is malformed, or uses a variable or a feature that it may not.
    """
    from jinja2 import TemplateError, TemplateSyntaxError, nodes

    if len(source) > MAX_SOURCE:
        raise ConfigError(f"{where}: a template text has at most {MAX_SOURCE} characters")
    environment = _environment()
    try:
        tree = environment.parse(source.strip())
        _check(tree, frozenset(names), where, inside=False)
        kinds = [type(node).__name__ for node in tree.find_all(nodes.Node)]
        if len(kinds) > MAX_NODES or kinds.count("For") > MAX_LOOPS:
            raise ConfigError(f"{where}: a template text has at most {MAX_NODES} parts and {MAX_LOOPS} loops")
        template = environment.from_string(tree)
    except TemplateSyntaxError as error:
        raise ConfigError(f"{where}: not a valid template: {error.message}") from None
    except ValueError as error:  # a number of too many digits
        raise ConfigError(f"{where}: not a valid template: {error}") from None
    except RecursionError:
        raise ConfigError(f"{where}: nested too deeply") from None

    def render(values: Mapping[str, Any]) -> str:
        pieces: list[str] = []
        size = 0
        try:
            for piece in template.generate(values):
                size += len(piece)
                _check_size(size)
                pieces.append(piece)
        except (TemplateError, TypeError) as error:
            raise RecordError("wrong_type", f"The template cannot be filled in: {error}.") from None
        return "".join(pieces)

    return render


def _check(node: nodes.Node, names: frozenset[str], where: str, *, inside: bool) -> None:
    """Refuse what is not allowed in the tree under `node`; `inside`: it stands in a loop."""
    kind = type(node).__name__
    if kind not in _ALLOWED:
        raise ConfigError(f"{where}: `{kind.lower()}` is not accepted in a template")
    fields = dict(node.iter_fields())
    if kind == "For":
        _check_loop(fields, names, where, inside=inside)
        return
    if kind == "Getattr":
        if not inside or getattr(fields["node"], "name", None) != "loop" or fields["attr"] not in _LOOP:
            raise ConfigError(f"{where}: attributes are not accepted in a template: {show(fields['attr'])}")
        return
    if kind == "Name":
        _check_name(fields["name"], names, where)
    elif kind == "Filter":
        _check_filter(fields, where)
    elif kind == "Test" and (fields["name"] not in _TESTS or fields["args"]):
        raise ConfigError(f"{where}: no test {show(fields['name'])}; known are {', '.join(sorted(_TESTS))}")
    elif kind == "CondExpr" and fields["expr2"] is None:
        raise ConfigError(f"{where}: an `if` inside an expression needs its `else`")
    for child in node.iter_child_nodes():
        _check(child, names, where, inside=inside)


def _check_loop(fields: Mapping[str, Any], names: frozenset[str], where: str, *, inside: bool) -> None:
    if inside or fields["recursive"] or type(fields["iter"]).__name__ != "Name":
        raise ConfigError(f"{where}: a loop goes over one list, and not inside another loop")
    target = fields["target"]
    if type(target).__name__ != "Name" or target.name in {*names, "loop"}:
        raise ConfigError(f"{where}: a loop has one variable, with a name of its own")
    _check(fields["iter"], names, where, inside=inside)
    for part in [*fields["body"], *fields["else_"], *filter(None, [fields["test"]])]:
        _check(part, names | {target.name}, where, inside=True)


def _check_name(name: str, names: frozenset[str], where: str) -> None:
    if name not in names:
        near = nearest([name], names)
        hint = f"did you mean `{near}`?" if near else f"known are {', '.join(sorted(names))}"
        raise ConfigError(f"{where}: no column or constant {show(name)}; {hint}")


def _check_filter(fields: Mapping[str, Any], where: str) -> None:
    name = fields["name"]
    if name not in _FILTERS:
        near = nearest([name], _FILTERS)
        hint = f"did you mean `{near}`?" if near else f"known are {', '.join(_FILTERS)}"
        raise ConfigError(f"{where}: no filter {show(name)}; {hint}")
    arguments: Iterator[Any] = iter([*fields["args"], *fields["kwargs"]])
    constant = all(type(argument).__name__ == "Const" and type(argument.value) is str for argument in arguments)
    given = len(fields["args"]) + len(fields["kwargs"])
    if not constant or given > (name == "join") or fields["node"] is None:
        raise ConfigError(
            f"{where}: the filter `{name}` takes {'one text' if name == 'join' else 'nothing'} in brackets"
        )
