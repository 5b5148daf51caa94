"""Turn raw dumps of instruction data into a small supervised fine-tuning set worth training on.

`import curate` loads none of the libraries it is built on; each name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from curate.errors import (
        ConfigError,
        CurateError,
        EncoderError,
        InputError,
        OutputError,
        StageError,
        UsageError,
    )
    from curate.outputs import Result
    from curate.pipeline import Options, Pipeline

__all__ = [
    "ConfigError",
    "CurateError",
    "EncoderError",
    "InputError",
    "Options",
    "OutputError",
    "Pipeline",
    "Result",
    "StageError",
    "UsageError",
    "__version__",
]

_MODULES = {
    **dict.fromkeys(
        ("ConfigError", "CurateError", "EncoderError", "InputError", "OutputError", "StageError", "UsageError"),
        "curate.errors",
    ),
    **dict.fromkeys(("Options", "Pipeline"), "curate.pipeline"),
    "Result": "curate.outputs",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
