"""From YAML to checked stages: what is accepted, and that nothing else is."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.config import (
    DEFAULT_SEED,
    PipelineConfig,
    check_chain,
    config_model,
    load_config,
    parse_config,
    with_seed,
    with_size,
)
from curate.errors import ConfigError
from curate.registry import stage_classes
from curate.stages.annotate.text_stats import TextStats
from curate.stages.dedup.exact_dedup import ExactDedup
from curate.stages.select.longest_sample import LongestSample
from curate.stages.select.random_sample import RandomSample
from curate.stages.select.score_filter import ScoreFilter
from tests.helpers import ROOT


def parse(text: str) -> PipelineConfig:
    return parse_config(text, name="p.yaml")


def test_what_a_file_says_is_what_is_built() -> None:
    config = parse("name: a-b.1\ndescription: Some.\nseed: 7\nstages:\n  - stage: random_sample\n    size: 5\n")
    assert (config.name, config.description, config.seed) == ("a-b.1", "Some.", 7)
    assert config.stages == (RandomSample(size=5),)
    assert parse("name: a\nstages: [{stage: exact_dedup}]").seed == DEFAULT_SEED == 42


def test_keys_that_yaml_would_take_for_something_else() -> None:
    """`on` is true and `1` an integer for YAML 1.1; a key here is the word that stands there."""
    config = parse("name: a\nstages:\n  - stage: minhash_dedup\n    on: response\n")
    assert config.stages[0].on == "response"
    with pytest.raises(ConfigError, match="no key `1`"):
        parse("name: a\n1: 2\nstages: [{stage: exact_dedup}]")


@pytest.mark.parametrize("value", ["no", "off", "'5'", "5.0", "[5]", "{a: 5}", "~", "2024-01-01", "0x", "5 6", ".inf"])
def test_value_that_is_no_whole_number(value: str) -> None:
    with pytest.raises(ConfigError, match=r"p\.yaml"):
        parse(f"name: a\nstages:\n  - stage: random_sample\n    size: {value}\n")


@pytest.mark.parametrize("value", ["1", "null", "[a]", "yes"])
def test_value_that_is_no_text(value: str) -> None:
    with pytest.raises(ConfigError, match="description"):
        parse(f"name: a\ndescription: {value}\nstages: [{{stage: exact_dedup}}]")


@pytest.mark.parametrize("name", ["", "a b", "../a", "-a", "a/b", "a\\nb", "a\\e[31m", "é"])
def test_name_that_cannot_be_a_file_name(name: str) -> None:
    with pytest.raises(ConfigError, match="name"):
        parse(f'name: "{name}"\nstages: [{{stage: exact_dedup}}]')


def test_million_laughs_is_refused_before_it_expands() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(ConfigError, match=":1: anchors and aliases"):
        parse("\n".join(levels))


def test_merge_keys_do_nothing_in_secret() -> None:
    with pytest.raises(ConfigError, match="<<"):
        parse("name: a\nstages:\n  - stage: random_sample\n    <<: {size: 3}\n")


@pytest.mark.parametrize("depth", [40, 60, 300, 600, 20000])
@pytest.mark.parametrize("mark", ["[]", "{}"])
def test_nesting_of_any_depth_is_no_crash(depth: int, mark: str) -> None:
    opening = "[" if mark == "[]" else "{a: "
    with pytest.raises(ConfigError):
        parse("name: a\nstages: " + opening * depth + mark[1] * depth)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_a_pipeline_or_a_config_error(text: str) -> None:
    for whole in (
        text,
        f"name: {text}\nstages: [{{stage: exact_dedup}}]",
        f"name: a\nstages:\n  - stage: random_sample\n    size: {text}",
    ):
        with contextlib.suppress(ConfigError):
            assert parse(whole).stages


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(["name", "stages", "seed", "description", "x"]), _JSON))
def test_any_json_is_a_pipeline_or_a_config_error(value: dict[str, object]) -> None:
    try:
        parse(json.dumps(value))
    except ConfigError:
        return
    assert value["stages"]


def test_chain_of_columns() -> None:
    check_chain([TextStats(), ScoreFilter(by="length_score")])
    with pytest.raises(ConfigError, match=r"stages\.0 \(score_filter\).*stages\.1 \(text_stats\): move that before"):
        check_chain([ScoreFilter(by="length_score"), TextStats()])
    with pytest.raises(ConfigError, match="add `text_stats` before it"):
        check_chain([ExactDedup(), ScoreFilter(by="length_score")])
    with pytest.raises(ConfigError, match=r"no stage writes it; did you mean `length_score`\?"):
        check_chain([TextStats(), ScoreFilter(by="lenght_score")])
    with pytest.raises(ConfigError, match=r"no stage writes it$"):
        check_chain([ScoreFilter(by="zzzzzzzz")])


def test_column_of_the_pipeline_itself_counts() -> None:
    """A stage's own columns are there only after it."""
    check_chain([RandomSample(size=3), ScoreFilter(by="rank")])
    with pytest.raises(ConfigError, match="`rank`"):
        check_chain([ScoreFilter(by="rank"), RandomSample(size=3)])


def test_seed_fills_in_what_is_not_given() -> None:
    assert with_seed(RandomSample(), 9) == RandomSample(seed=9)
    assert with_seed(RandomSample(seed=0), 9) == RandomSample(seed=0)
    assert with_seed(ExactDedup(), 9) == ExactDedup()


def test_size_goes_to_the_last_stage_that_has_one() -> None:
    stages = (RandomSample(size=50), LongestSample(size=40), ExactDedup())
    assert with_size(stages, 7) == (RandomSample(size=50), LongestSample(size=7), ExactDedup())
    with pytest.raises(ConfigError, match="no stage of this pipeline has a `size`"):
        with_size((ExactDedup(),), 7)
    with pytest.raises(ConfigError, match=r"stages\.1 \(longest_sample\): size 0"):
        with_size(stages, 0)


def test_size_keeps_all_other_parameters() -> None:
    config = load_config(ROOT / "pipelines" / "lima_1k.yaml")
    before, after = config.stages[-1], with_size(config.stages, 7)[-1]
    assert after.model_dump(exclude={"size"}) == before.model_dump(exclude={"size"})
    assert (before.size, after.size) == (1000, 7)


def test_pipeline_survives_being_written_and_read() -> None:
    for path in sorted((ROOT / "pipelines").glob("*.yaml")):
        config = load_config(path)
        dumped = {
            **config.model_dump(mode="json", exclude={"stages"}),
            "stages": [s.model_dump(mode="json") for s in config.stages],
        }
        assert parse(yaml.safe_dump(dumped)) == config
        assert parse(json.dumps(dumped)) == config


def test_config_cannot_be_changed() -> None:
    config = parse("name: a\nstages: [{stage: exact_dedup}]")
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 3


def test_every_stage_is_in_the_union() -> None:
    schema = config_model().model_json_schema()
    assert set(schema["properties"]["stages"]["items"]["discriminator"]["mapping"]) == set(stage_classes())


def test_unreadable_file(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.yaml", tmp_path, tmp_path / "file" / "below"):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_config(path)
    (tmp_path / "latin.yaml").write_bytes("name: é\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(tmp_path / "latin.yaml")


def test_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "bom.yaml").write_bytes(b"\xef\xbb\xbfname: a\nstages: [{stage: exact_dedup}]\n")
    assert load_config(tmp_path / "bom.yaml").name == "a"


@pytest.mark.parametrize("written", ["010", "12:30", "0x10", "0b11", "1_000", "1:30.5"])
def test_number_that_yaml_reads_otherwise_than_it_looks(written: str) -> None:
    with pytest.raises(ConfigError, match="no plain decimal number"):
        parse(f"name: a\nstages:\n  - stage: random_sample\n    size: {written}\n")
