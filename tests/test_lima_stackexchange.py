"""The recipe `lima_stackexchange`: each of LIMA's rules drops what breaks it, and the draw goes across sites."""

from __future__ import annotations

import json
import random
from pathlib import Path
from xml.sax.saxutils import quoteattr

import polars as pl
import pytest

from curate.algorithms.quotas import allocate
from curate.pipeline import Pipeline
from tests.helpers import REAL_DATA, ROOT

RECIPE = ROOT / "pipelines" / "lima_stackexchange.yaml"
WORDS = "the kettle warms its water slowly while steam gathers under a lid of thin steel and glass".split()  # noqa: SIM905


def prose(chars: int, seed: int) -> str:
    """Exactly so many characters of words, without markup."""
    rng = random.Random(seed)
    text = " ".join(rng.choices(WORDS, k=chars // 3))
    return text[: chars - 1].rstrip().ljust(chars - 1, "x") + "."


def site(folder: Path, pairs: list[tuple[str, int, int]]) -> Path:
    """A dump of questions with one answer each: (answer, its score, the question's score)."""
    folder.mkdir(parents=True)
    rows = []
    for n, (text, score, asked) in enumerate(pairs, 1):
        rows += [
            f'<row Id="{2 * n}" PostTypeId="1" Score="{asked}" Title="Question {n} of {folder.name}?" Body="&lt;p&gt;Body {n}.&lt;/p&gt;"/>',
            f'<row Id="{2 * n + 1}" PostTypeId="2" ParentId="{2 * n}" Score="{score}" Body={quoteattr(f"<p>{text}</p>")}/>',
        ]
    (folder / "Posts.xml").write_text("<posts>\n" + "\n".join(rows) + "\n</posts>\n", encoding="utf-8")
    return folder


def with_phrase(phrase: str) -> str:
    return prose(1500, 1) + f" {phrase} " + prose(500, 2)


def test_each_rule_drops_what_breaks_it(tmp_path: Path) -> None:
    cases = [
        (prose(1200, 3), 10, None),
        (prose(4096, 4), 10, None),
        (prose(2000, 5), 9, "below_minimum"),
        (prose(1199, 6), 10, "response_too_short"),
        (prose(4097, 7), 10, "response_too_long"),
        (with_phrase("I boil it twice"), 10, "first_person"),
        (with_phrase("it is my own"), 10, "first_person"),
        (with_phrase("As  mentioned,"), 10, "phrase"),
        (with_phrase("on stack Exchange"), 10, "phrase"),
        (prose(1500, 8) + "</p><pre><code>my $x = I;</code></pre><p>" + prose(500, 9), 10, None),
    ]
    folder = site(tmp_path / "tea.stackexchange.com", [(text, score, 1) for text, score, _ in cases])
    result = Pipeline.from_yaml(RECIPE).run(folder, tmp_path / "out")
    rows = pl.concat([result.kept.select("id", "line"), result.ledger.select("id", "line")])
    why = dict(result.ledger.select("id", "reason").iter_rows())
    found = {(line + 1) // 2: why.get(i) for i, line in rows.iter_rows()}
    assert found == {n: reason for n, (_, _, reason) in enumerate(cases, 1)}
    counts = result.manifest["counts"]
    assert counts["lines"] == counts["blank"] + counts["rejected"] + counts["joined"] + counts["left"] + counts["read"]
    assert [finding.code for finding in result.findings] == ["size_not_met"]


def test_sites_get_their_share_and_give_their_best_questions(tmp_path: Path) -> None:
    sizes = {"tea": 40, "kites": 10, "knots": 5}
    for name, count in sizes.items():
        site(
            tmp_path / "in" / f"{name}.stackexchange.com",
            [(prose(1300, 100 * count + n), 10 + n % 3, n % 17) for n in range(count)],
        )
    result = Pipeline.from_yaml(RECIPE, size=20).run(tmp_path / "in", tmp_path / "out")
    assert result.findings == ()
    kept = dict(result.kept["source"].value_counts().iter_rows())
    assert kept == {f"{name}.stackexchange.com": places for name, places in allocate(sizes, 20, temperature=3).items()}
    for name, count in sizes.items():
        mine = result.kept.filter(pl.col("source") == f"{name}.stackexchange.com")
        best = sorted((n % 17 for n in range(count)), reverse=True)[: mine.height]
        assert sorted(mine["meta_weight"], reverse=True) == best


@pytest.mark.skipif(not REAL_DATA.exists(), reason="the real dumps are not there (../shared/data)")
def test_the_real_dump_adds_up(tmp_path: Path) -> None:
    result = Pipeline.from_yaml(RECIPE).run(REAL_DATA / "raw" / "beer.stackexchange.com", tmp_path)
    counts = result.manifest["counts"]
    assert counts["lines"] == counts["joined"] + counts["left"] + counts["read"] == 2354
    assert counts["read"] == counts["kept"] + counts["dropped"]
    assert result.ledger["reason"].null_count() == 0
    assert (result.kept["meta_score"] >= 10).all()
    lines = (tmp_path / "train.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    answers = [json.loads(line)["messages"][1]["content"] for line in lines]
    assert len(answers) == counts["kept"]
    assert all(1200 <= len(answer) <= 4096 for answer in answers)
