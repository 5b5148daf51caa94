"""Pairs judged by an endpoint on this machine: one that prefers length, one that prefers a place, one that fails."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
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


def ask(*words: object) -> Result:
    return CliRunner().invoke(cli, ["judge", *map(str, words), "-m", "m", "--key-variable", ""])


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


def test_what_failed_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_MAX_PAUSE", 0.01)
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps([{"instruction": "q2", "output": name}]))
    with serving(failing) as endpoint:
        done = ask(tmp_path / "a.json", tmp_path / "b.json", "--endpoint", endpoint.url)
    assert done.exit_code == 1
    assert "finding: 1 of 1 pairs are unjudged" in done.stderr
    assert "2 judgements failed (refused): The endpoint refused this request" in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "b.json: cannot be read: No such file"),
        ("[]", "must be a JSON array of answers, as `curate generate` writes it, with one at least"),
        ('{"instruction": "q", "output": "a"}\n{"instruction": "r", "output": "b"}\n', "is no JSON array of answers"),
        ('[{"instruction": "q1"}]', "record 1 has no instruction and output"),
        ('[{"instruction": "q1", "output": "a"}, {"instruction": "q1", "output": "a"}]', "record 2 has an instruction"),
        ('[{"instruction": "q1", "output": "a"}, {"instruction": "q9", "output": "a"}]', "record 2 is the first that"),
    ],
)
def test_wrong_files_are_one_clear_message(text: str | None, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"instruction": q, "output": o} for q, o in A.items()]))
    if text is not None:
        (tmp_path / "b.json").write_text(text)
    done = ask(tmp_path / "a.json", tmp_path / "b.json", "--endpoint", "http://127.0.0.1:9")
    assert done.exit_code != 0
    assert message in done.stderr + str(done.exception)
    assert not done.stdout


def test_an_endpoint_is_a_url(tmp_path: Path) -> None:
    done = ask(tmp_path / "a.json", tmp_path / "b.json", "--endpoint", "localhost:8000")
    assert done.exit_code == 2
    assert "must begin with http:// or https://" in done.stderr


def test_interval_is_wilsons() -> None:
    for wins, number in ((0, 5), (3, 10), (99, 100)):
        expected = binomtest(wins, number).proportion_ci(method="wilson")
        assert wilson(wins / number, number) == pytest.approx((expected.low, expected.high), rel=1e-9)
