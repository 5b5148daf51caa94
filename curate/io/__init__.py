"""Readers of raw dumps, rejects, writers and atomic output.

`discover` says what the inputs are, `read` gives one file's examples and rejects in batches.
"""

from __future__ import annotations

from curate.io.atomic import OutputLock, atomic_file
from curate.io.discover import discover
from curate.io.formats import DUMPS, FORMATS, DumpFormat, RecordFormat
from curate.io.model import LEFT_REASONS, REJECT_REASONS, Batch, Discovery, InputFile, LeftOut, Reject, UnknownFile
from curate.io.options import ReadOptions
from curate.io.reader import read
from curate.io.writers import train_line, write_parquet, write_rejects, write_train

__all__ = [
    "DUMPS",
    "FORMATS",
    "LEFT_REASONS",
    "REJECT_REASONS",
    "Batch",
    "Discovery",
    "DumpFormat",
    "InputFile",
    "LeftOut",
    "OutputLock",
    "ReadOptions",
    "RecordFormat",
    "Reject",
    "UnknownFile",
    "atomic_file",
    "discover",
    "read",
    "train_line",
    "write_parquet",
    "write_rejects",
    "write_train",
]
