"""What the tests of the promises share: the machine that fails, and a recipe that needs no model and no kernel."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import ROOT
from tests.promises.faults import Machine
from tests.runs import environment

SMALL = """\
name: small
seed: 3
stages:
  - stage: length_filter
    min_response_chars: 12
  - stage: exact_dedup
  - stage: random_sample
    size: 40
"""


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    one = Machine(ROOT, environment())
    yield one
    one.close()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "small.yaml"
    path.write_text(SMALL)
    return path


def on_this_machine() -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of runs that sync each file would wait for the disk alone."""
    memory = Path("/dev/shm")
    within = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=within, prefix="curate-promises-") as place:
        yield Path(place)


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder of a test's own, in memory where there is such a one."""
    yield from on_this_machine()
