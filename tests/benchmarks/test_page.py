"""The page of benchmarks is what its generator makes of the committed results, and hides no failure."""

from __future__ import annotations

import copy
import re

import pytest

from benchmarks.dedup import PROGRAMS, SCRIPTS, exponents, once_more, with_ratio
from benchmarks.peers.environments import PEERS, REQUIREMENTS, install, last_line
from benchmarks.peers.page import PAGE, load, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(load()), "run `python -m benchmarks.peers.page`"


def test_every_program_of_the_results_has_its_row_and_settings() -> None:
    text = page(load())
    for name, told in load()["dedup"]["real"]["normalised"]["programs"].items():
        assert re.search(rf"^\| {re.escape(name)}\b", text, re.MULTILINE), name
        assert ("settings" in told) == (f"\n- {name}: `" in text)


def test_failures_stand_in_the_page() -> None:
    results = copy.deepcopy(load())
    programs = results["dedup"]["real"]["normalised"]["programs"]
    programs["rensa"] = {"error": "ImportError: a | b"}
    programs["text-dedup"] = {"stopped_after_s": 900}
    results["peers"]["semhash"] = {"error": "no wheel"}
    results["selection"]["semantic_dedup"]["side by side"]["semhash"] = {"error": "semhash is not installed"}
    text = page(results)
    assert "| rensa | failed: ImportError: a / b |" in text
    assert "| text-dedup | stopped after 900 s |" in text
    assert "| semhash | – | no wheel |" in text
    assert "| semhash | failed: semhash is not installed |" in text


@pytest.mark.parametrize(("ratio", "says"), [(9.9, "not met"), (10.0, "met")])
def test_goals_are_judged(ratio: float, says: str) -> None:
    results = copy.deepcopy(load())
    told = results["dedup"]["real"]["normalised"]["programs"]["rensa"]
    told |= {"ratio": ratio, "must": 10}
    assert re.search(rf"\| rensa .*\| 10x: {says} \|", page(results))


def test_ratios_are_of_the_same_quantity() -> None:
    ours = {"job_cpu_s": 0.5, "process_cpu_s": 2.0}
    theirs = {"job_cpu_s": 10.0, "process_cpu_s": 12.0}
    with_ratio(theirs, ours, 28)
    assert (theirs["ratio"], theirs["process_ratio"], theirs["must"]) == (20, 6, 28)
    failed = {"error": "x"}
    with_ratio(failed, ours, 28)
    assert failed == {"error": "x"}


def test_of_two_runs_of_a_short_job_the_median_of_all_warm_rounds_counts() -> None:
    told = {"job_cpu_s": 2.0, "job_wall_s": 2.0, "process_cpu_s": 8.0, "rounds_cpu_s": [9.0, 2.0, 3.0]}
    once_more(told, {"job_cpu_s": 1.0, "job_wall_s": 4.0, "process_cpu_s": 6.0, "rounds_cpu_s": [7.0, 1.0, 1.5]})
    assert (told["job_cpu_s"], told["job_wall_s"], told["process_cpu_s"]) == (1.75, 3.0, 7.0)
    only = {"job_cpu_s": 6.0, "job_wall_s": 6.0, "process_cpu_s": 6.0, "rounds_cpu_s": [6.0]}
    once_more(only, {"error": "killed"})
    assert only["job_cpu_s"] == 6.0
    once_more(only, {"job_cpu_s": 5.0, "job_wall_s": 5.0, "process_cpu_s": 5.0, "rounds_cpu_s": [5.0]})
    assert only["job_cpu_s"] == 5.5


def test_exponents_of_known_powers() -> None:
    def at(n: int) -> dict[str, dict[str, dict[str, float]]]:
        return {"programs": {"linear": {"job_cpu_s": 3e-6 * n}, "square": {"job_cpu_s": 1e-9 * n * n}, "once": {}}}

    assert exponents({str(n): at(n) for n in (100, 1000, 10_000)}) == {"linear": 1.0, "square": 2.0}


@pytest.mark.parametrize("peer", PEERS)
def test_every_package_of_a_peer_is_pinned(peer: str) -> None:
    lines = (REQUIREMENTS / f"{peer}.txt").read_text("ascii").splitlines()
    assert re.fullmatch(rf"(py-)?{peer}==[\d.]+", lines[0])
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    assert not any(line.startswith(("nvidia", "triton", "cuda")) for line in lines)


def test_programs_are_there() -> None:
    assert {program.peer for program in PROGRAMS.values()} <= {None, *PEERS}
    assert all((SCRIPTS / program.script).is_file() for program in PROGRAMS.values())


def test_a_peer_that_cannot_be_installed_is_told_with_its_error(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("peers")
    (folder / "rensa.txt").write_text(f"{folder}/there_is_no_such_package\n")
    monkeypatch.setattr("benchmarks.peers.environments.REQUIREMENTS", folder)
    monkeypatch.setattr("benchmarks.peers.environments.ENVIRONMENTS", folder / "environments")
    told = install("rensa")
    assert set(told) == {"error"}
    assert "there_is_no_such_package" in told["error"]


def test_the_last_line_says_something() -> None:
    assert last_line("Traceback\n  x\nValueError: y\n\n") == "ValueError: y"
    assert last_line("") == "failed without a word"


def test_results_hold_no_rows_of_records() -> None:
    for result in load().values():
        for told in (*result.get("programs", {}).values(), *result.get("real", {}).get("programs", {}).values()):
            assert not {"rows", "labels"} & set(told)
