"""The dataset card: front matter that hubs read, true numbers, and no markup out of data."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from curate.report.card import dataset_card
from tests.conftest import Finished


@pytest.fixture
def manifest(finished: Finished) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((finished.out / "manifest.json").read_bytes())
    return found


def front(card: str) -> dict[str, Any]:
    opening, matter, _ = card.split("---\n", 2)
    assert opening == ""
    found: dict[str, Any] = yaml.safe_load(matter)
    return found


def rows(card: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    section = card.split(f"## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    return [
        [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]] for line in section.splitlines() if line.startswith("|")
    ]


def test_front_matter(finished: Finished) -> None:
    told = front((finished.out / "README.md").read_text())
    assert told["pretty_name"] == "lima_1k"
    assert told["size_categories"] == ["n<1K"]
    assert told["configs"] == [{"config_name": "default", "data_files": [{"split": "train", "path": "train.jsonl"}]}]


@pytest.mark.parametrize(
    ("kept", "label"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (9_999, "1K<n<10K"), (10_000, "10K<n<100K"), (100_000, "100K<n<1M"),
     (999_999, "100K<n<1M"), (1_000_000, "1M<n<10M"), (50_000_000, "10M<n<100M")],
)  # fmt: skip
def test_size_category_is_one_that_hubs_know(manifest: dict[str, Any], kept: int, label: str) -> None:
    manifest["counts"]["kept"] = kept
    assert front(dataset_card(manifest))["size_categories"] == [label]


def test_numbers_are_those_of_the_manifest(finished: Finished, manifest: dict[str, Any]) -> None:
    card = (finished.out / "README.md").read_text()
    accounts = {row[0]: row[1] for row in rows(card, "Where the records went")[2:]}
    assert list(accounts.values()) == ["305", "2", "4", "299", "259", "40"]
    stages = rows(card, "How it was made")[2:]
    assert [(r[0], r[1], r[2]) for r in stages] == [
        (f"`{s['stage']}`", f"{s['rows']:,}", f"{s['kept']:,}") for s in manifest["steps"]
    ]
    for row, step in zip(stages, manifest["steps"], strict=True):
        assert all(f"{reason} {number:,}" in row[3] for reason, number in step["dropped"].items())
    sources = rows(card, "Sources")[2:]
    assert [(r[0], r[1], r[2]) for r in sources] == [
        ("`chats.json`", "messages", "99"), ("`notes.csv`", "prompt_completion", "100"), ("`tasks.jsonl`", "alpaca", "100"),
    ]  # fmt: skip
    assert sum(int(r[3]) for r in sources) == 40
    assert "Findings" not in card


def test_findings_are_told(manifest: dict[str, Any]) -> None:
    manifest["findings"] = [{"code": "size_not_met", "message": "only 3 of 4"}]
    card = dataset_card(manifest)
    assert "## Findings\n" in card
    assert "- only 3 of 4\n" in card


_NASTY = "a|b`c<script>alert(1)</script>[x](javascript:y)\n# Head\x1b[31m\u202e**bold**_it_.jsonl"


def test_names_of_files_are_never_markup(manifest: dict[str, Any]) -> None:
    manifest["inputs"][0]["file"] = _NASTY
    manifest["findings"] = [{"code": "unknown_files", "message": f"no reader takes {_NASTY}"}]
    card = dataset_card(manifest)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", card)
    assert "\n# Head" not in card
    finding = next(line for line in card.splitlines() if line.startswith("- no reader takes"))
    assert "**" not in finding.replace(r"\*", "")
    assert not re.search(r"(?<!\\)[<\[]", finding)
    assert all(len(row) == 4 for row in rows(card, "Sources"))
    name = rows(card, "Sources")[2][0]
    assert name[0] == name[-1] == "`"
    assert "`" not in name[1:-1]


def test_description_of_several_lines_stays_in_the_text(manifest: dict[str, Any]) -> None:
    manifest["description"] = "One.\n\nTwo: three.\n"
    card = dataset_card(manifest)
    assert "One.\n\nTwo: three.\n" in card
    assert front(card)["pretty_name"] == "lima_1k"
