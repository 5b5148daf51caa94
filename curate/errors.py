"""The exceptions of curate, and the exit code each one ends a command with.

::

    CurateError
    ├── UsageError            2   the command line or the call is wrong
    │   └── ConfigError       2   a pipeline file or a stage's parameters are wrong
    │       └── EncoderError  2   an encoder's extra is missing, or its model cannot be loaded
    ├── InputError            3   an input is missing or cannot be read at all
    ├── OutputError           4   the output cannot be written, or another run holds it
    └── StageError            5   a stage broke its contract, or failed on data

A record that cannot be read is no exception: it becomes a reject.
"""

from __future__ import annotations


class CurateError(Exception):
    """Base of every error that curate raises on purpose.

    The message is one sentence or more for a person: it names the file and line, the stage and the id
    where there are any, and what to do about it.
    """

    exit_code: int = 1


class UsageError(CurateError):
    """The command line or the call is wrong."""

    exit_code = 2


class ConfigError(UsageError):
    """A pipeline file, a stage's parameters or the order of stages is wrong."""


class EncoderError(ConfigError):
    """An encoder's optional dependency is missing, or its model cannot be loaded."""


class InputError(CurateError):
    """An input is missing, empty, or cannot be read at all."""

    exit_code = 3


class OutputError(CurateError):
    """The output cannot be written, or another run holds it."""

    exit_code = 4


class StageError(CurateError):
    """A stage broke its contract (height, columns, reasons) or failed on data."""

    exit_code = 5
