"""The record formats, one module each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Final

from curate.io.formats import (
    alpaca,
    dolly,
    messages,
    natural_instructions,
    oasst_messages,
    oasst_trees,
    preference,
    prompt_completion,
    question_answer,
    self_instruct,
    sharegpt,
    stackexchange,
    task_table,
    whole_record,
    wikihow,
    wildchat,
    writing_prompts,
)
from curate.io.formats.base import DumpFormat, Example, RecordFormat

#: The record formats by name, in the order of precedence: where two of them match equally many of a file's
#: first records, the earlier one is taken.
FORMATS: Final[Mapping[str, RecordFormat]] = MappingProxyType(
    {
        module.FORMAT.name: module.FORMAT
        for module in (
            preference,
            messages,
            sharegpt,
            wildchat,
            oasst_trees,
            self_instruct,
            alpaca,
            dolly,
            prompt_completion,
            question_answer,
            wikihow,
            task_table,
        )
    }
)

#: Modules of dumps, each with a `FORMAT`.
_DUMPS: Final[tuple[ModuleType, ...]] = (
    oasst_messages,
    stackexchange,
    writing_prompts,
    natural_instructions,
)

#: The dumps that have a reader of their own, by name; each is asked in this order whether it knows a file.
DUMPS: Final[Mapping[str, DumpFormat]] = MappingProxyType({module.FORMAT.name: module.FORMAT for module in _DUMPS})

#: The format that takes every record, for sets that examples are only compared with; never found by detection.
RECORD: Final[RecordFormat] = whole_record.FORMAT

__all__ = ["DUMPS", "FORMATS", "RECORD", "DumpFormat", "Example", "RecordFormat"]
