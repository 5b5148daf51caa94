"""The same input, pipeline and seed give the same bytes, whatever the threads, the order, the hash seed or the place."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path

import pytest

from tests.conftest import Finished
from tests.runs import Dump, process, snapshot

HASH_SEEDS = ("0", "1", "4242")
#: Real ones and one that does not exist; without coercion the first makes ASCII the encoding of every `open`.
PLACES = (
    {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "TZ": "Asia/Kathmandu"},
    {"LC_ALL": "C.UTF-8", "TZ": "UTC", "LANGUAGE": "de"},
    {"LC_ALL": "tr_TR.ISO-8859-9", "TZ": "America/St_Johns", "PYTHONDONTWRITEBYTECODE": "1"},
)


def run(recipe: object, dump: Dump, out: Path, order: tuple[int, ...], threads: int, **env: str) -> dict[str, bytes]:
    files = [dump.files[i] for i in order]
    size = ("--size", 40) if recipe == "lima_1k" else ()
    done = process("run", recipe, *files, "--out", out, "--threads", threads, *size, **env)
    assert done.code == 0, done.err
    return snapshot(out)


@pytest.mark.parametrize("number", range(3))
def test_a_few_ways_to_run(number: int, light: Path, light_run: Finished, dump: Dump, tmp_path: Path) -> None:
    """Each value of each condition once; the whole product is swept by `make soak`."""
    order = list(itertools.permutations(range(3)))[2 * number + 1]
    env = {**PLACES[number], "PYTHONHASHSEED": HASH_SEEDS[number]}
    assert run(light, dump, tmp_path / "out", order, (1, 2, 5)[number], **env) == snapshot(light_run.out)


@pytest.mark.soak
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=lambda order: "".join(map(str, order)))
def test_every_way_to_run(
    threads: int, order: tuple[int, ...], light: Path, light_run: Finished, dump: Dump, tmp_path: Path
) -> None:
    wanted = snapshot(light_run.out)
    for seed, place in itertools.product(HASH_SEEDS, PLACES):
        out = tmp_path / f"{seed}-{place['LC_ALL']}"
        assert run(light, dump, out, order, threads, PYTHONHASHSEED=seed, **place) == wanted, (seed, place)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(9))
def test_many_ways_to_run_the_default_recipe(number: int, finished: Finished, dump: Dump, tmp_path: Path) -> None:
    order = list(itertools.permutations(range(3)))[number % 6]
    env = {**PLACES[number % 3], "PYTHONHASHSEED": HASH_SEEDS[number // 3]}
    assert run("lima_1k", dump, tmp_path / "out", order, (1, 2, 5)[number % 3], **env) == snapshot(finished.out)


def test_kept_text_has_the_hash_of_its_input(light_run: Finished, dump: Dump) -> None:
    """Every kept conversation, by a hash over bytes that are taken from the dump alone."""

    def digest(messages: object) -> str:
        return hashlib.sha256(json.dumps(messages, ensure_ascii=True, sort_keys=True).encode()).hexdigest()

    wanted = {digest(record.messages) for record in dump.records}
    train = (light_run.out / "train.jsonl").read_bytes().splitlines()
    assert len(train) == 40
    assert {digest(json.loads(line)["messages"]) for line in train} <= wanted
