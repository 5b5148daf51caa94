"""Readers of raw dumps, rejects, writers and atomic output.

`discover` says what the inputs are, `read` gives one file's examples and rejects in batches.
"""

from __future__ import annotations

from curate.io.atomic import OutputLock, atomic_file
from curate.io.discover import discover
from curate.io.formats import FORMATS, RecordFormat
from curate.io.model import REJECT_REASONS, Batch, Discovery, InputFile, Reject, UnknownFile
from curate.io.reader import read
from curate.io.writers import train_line, write_parquet, write_rejects, write_train

__all__ = [
    "FORMATS",
    "REJECT_REASONS",
    "Batch",
    "Discovery",
    "InputFile",
    "OutputLock",
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
