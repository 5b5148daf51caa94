"""Pairs judged by an endpoint on this machine: one that prefers length, one that prefers a place, one that fails."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy.stats import binomtest

from curate.cli import cli
from curate.judge import asking
from curate.judge.pairwise import wilson
from tests.local_models import Behaviour, answer, serving, verdict

pytest.importorskip("openai", reason="needs the openai client (pip install 'curate-sft[judge]')")

A = {"q1": "long answer", "q2": "x", "q3": "same", "q4": "much longer answer {{ }} <b>"}
B = {"q1": "short", "q2": "longer", "q3": "also", "q4": "no"}


def longest(handler: BaseHTTPRequestHandler, content: str, before: int) -> None:
    pair = json.loads(content)
    answer(handler, verdict((len(pair["second"]) > len(pair["first"])) - (len(pair["second"]) < len(pair["first"]))))


def first(handler: BaseHTTPRequestHandler, content: str, before: int) -> None:
    answer(handler, verdict(-1))


def failing(handler: BaseHTTPRequestHandler, content: str, before: int) -> None:
    if json.loads(content)["instruction"] == "q2":
        answer(handler, None, status=400, raw=b"{}")
    else:
        longest(handler, content, before)


def judged(behaviour: Behaviour, folder: Path) -> tuple[int, dict[str, object]]:
    for name, answers in (("a", A), ("b", B)):
        records = [{"instruction": q, "output": text, "generator": name} for q, text in answers.items()]
        (folder / f"{name}.json").write_text(json.dumps(records))
    with serving(behaviour) as endpoint:
        done = CliRunner().invoke(cli, ["judge", str(folder / "a.json"), str(folder / "b.json"), "--endpoint",
                                        endpoint.url, "-m", "m", "--key-variable", ""])  # fmt: skip
    return done.exit_code, json.loads(done.stdout)


def test_wins_ties_and_losses(tmp_path: Path) -> None:
    code, found = judged(longest, tmp_path)
    assert code == 0
    assert [found[key] for key in ("win", "tie", "lose", "unjudged")] == [2, 1, 1, 0]
    assert found["win_rate"] == 0.625
    assert found["length_ratio"] == round(sum(map(len, A.values())) / sum(map(len, B.values())), 4)


def test_a_judge_that_prefers_a_place_gives_ties(tmp_path: Path) -> None:
    assert [judged(first, tmp_path)[1][key] for key in ("win", "tie", "lose")] == [0, 4, 0]


def test_failures_are_counted_and_never_a_tie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_MAX_PAUSE", 0.01)
    code, found = judged(failing, tmp_path)
    assert code == 1
    assert [found[key] for key in ("win", "tie", "lose", "unjudged")] == [2, 1, 0, 1]
    assert found["failures"] == {"refused": 2}


def test_interval_is_wilsons() -> None:
    for wins, number in ((0, 5), (3, 10), (99, 100)):
        expected = binomtest(wins, number).proportion_ci(method="wilson")
        assert wilson(wins / number, number) == pytest.approx((expected.low, expected.high), rel=1e-9)
