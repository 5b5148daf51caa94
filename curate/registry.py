"""Which stages there are: those in `curate.stages`, and those other packages offer.

A package adds stages by entry points in the group ``curate.stages``, each naming a `Stage` class.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

import curate.stages
from curate.errors import ConfigError
from curate.stage import Stage

ENTRY_POINTS = "curate.stages"


def _own_classes() -> list[type[Stage]]:
    """The stage of each module under `curate.stages`; a module holds exactly one, named as its file."""
    found = []
    for info in pkgutil.walk_packages(curate.stages.__path__, "curate.stages."):
        if info.ispkg:
            continue
        module = importlib.import_module(info.name)
        classes = _stages_defined_in(module)
        short = info.name.rpartition(".")[2]
        if [stage_name(cls) for cls in classes] != [short]:
            raise ConfigError(f"{info.name} must define exactly one stage, named {short}")
        found += classes
    return found


def _stages_defined_in(module: ModuleType) -> list[type[Stage]]:
    return [
        obj
        for _, obj in inspect.getmembers(module, inspect.isclass)
        if issubclass(obj, Stage) and obj.__module__ == module.__name__ and not inspect.isabstract(obj)
    ]


def stage_name(cls: type[Stage]) -> str:
    """The name that `cls` has in YAML."""
    return str(cls.model_fields["stage"].default)


@cache
def stage_classes() -> dict[str, type[Stage]]:
    """All stages by name, sorted.

    Raises
    ------
    ConfigError : two stages of one name, or an entry point that cannot be loaded or is not a stage.
    """
    classes = _own_classes()
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda p: (p.name, p.value)):
        try:
            cls = point.load()
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"entry point {point.name} = {point.value} cannot be loaded: {error}") from error
        if not (inspect.isclass(cls) and issubclass(cls, Stage)):
            raise ConfigError(f"entry point {point.name} = {point.value} is not a curate stage")
        classes.append(cls)
    by_name: dict[str, type[Stage]] = {}
    for cls in classes:
        name = stage_name(cls)
        if name in by_name:
            first = by_name[name]
            raise ConfigError(
                f"two stages are named {name}: {first.__module__}.{first.__qualname__} and "
                f"{cls.__module__}.{cls.__qualname__}"
            )
        by_name[name] = cls
    return dict(sorted(by_name.items()))


def did_you_mean(word: str, known: list[str]) -> str:
    """`; did you mean `x`?` for the nearest of `known`, or nothing where none is near."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""


def stage_class(name: str) -> type[Stage]:
    """The stage of that name.

    Raises
    ------
    ConfigError : there is none; the message names the nearest one.
    """
    classes = stage_classes()
    if name not in classes:
        raise ConfigError(f"no stage named `{name}`{did_you_mean(name, list(classes))}")
    return classes[name]
