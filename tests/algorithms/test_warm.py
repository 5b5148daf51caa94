from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT

LISTEN = """
import sys
from numba.core import event
compiled = []
class Listener(event.Listener):
    def on_start(self, e): compiled.append(e.data["dispatcher"].py_func.__name__)
    def on_end(self, e): pass
event.register("numba:compile", Listener())
"""
RUN = f"""{LISTEN}
from curate.stages.annotate.damage import Damage
from curate.stages.annotate.embedding import Embedding
from curate.stages.annotate.language import Language
from curate.stages.annotate.preference import Preference
from curate.stages.dedup.minhash_dedup import MinhashDedup
from tests.helpers import frame, shards, table
pairs = [(f"what is {{i}} of the great many questions", f"number {{i % 350}} of all the answers {{i % 350}}") for i in range(int(sys.argv[1]))]
MinhashDedup(ngram=3).apply(shards(table(pairs), 1))
if "rows" in sys.argv:
    for stage in (Damage(), Language(), Preference(), Embedding()):
        stage.apply(frame(pairs))
else:
    for stage in (Preference(), Embedding()):
        stage.apply(frame(pairs[:250]))
print(len(compiled), *compiled)
"""

RECIPE = f"""{LISTEN}
from curate import Pipeline
Pipeline.from_yaml("pipelines/lima_1k.yaml").run("sample_data/raw", out=sys.argv[1])
print(len(compiled), *compiled)
"""


def run(*args: str, cache: Path) -> str:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, *args], cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout


def test_a_small_dataset_compiles_nothing(tmp_path: Path) -> None:
    assert run("-c", RUN, "250", cache=tmp_path).split() == ["0"]


@pytest.mark.slow
def test_after_warming_nothing_is_compiled_any_more(tmp_path: Path) -> None:
    assert run("-c", RUN, "800", cache=tmp_path / "cold").split()[0] != "0"
    run("-m", "curate.algorithms.warm", cache=tmp_path / "warm")
    assert run("-c", RUN, "800", "rows", cache=tmp_path / "warm").split() == ["0"]
    assert run("-c", RECIPE, str(tmp_path / "out"), cache=tmp_path / "warm").splitlines()[-1].split() == ["0"]
