"""Which stages there are, and that no two share a name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import curate.stages
from curate.errors import ConfigError
from curate.registry import did_you_mean, stage_class, stage_classes, stage_name
from tests.runs import PLUGIN, make_plugin


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a package to be; on the path, and forgotten afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    stage_classes.cache_clear()
    yield tmp_path
    stage_classes.cache_clear()
    sys.modules.pop("plugged", None)


def test_one_file_is_one_stage_of_its_name() -> None:
    folder = Path(curate.stages.__file__).parent
    names = sorted(path.stem for path in folder.rglob("*.py") if path.stem != "__init__")
    assert list(stage_classes()) == names
    for name, cls in stage_classes().items():
        assert stage_name(cls) == name
        assert sys.modules[cls.__module__].__file__ == str(next(folder.rglob(f"{name}.py")))


def test_nearest_name_is_offered() -> None:
    with pytest.raises(ConfigError, match=r"no stage named `exact-dedup`; did you mean `exact_dedup`\?"):
        stage_class("exact-dedup")
    with pytest.raises(ConfigError, match=r"no stage named `zzz`$"):
        stage_class("zzz")
    assert did_you_mean("a", []) == ""


def test_stage_of_another_package(plugged: Path) -> None:
    make_plugin(plugged, {"any": "plugged:HoldFilter"})
    assert stage_class("hold").__module__ == "plugged"
    assert list(stage_classes()) == sorted(stage_classes())


def test_name_that_is_taken(plugged: Path) -> None:
    make_plugin(plugged, {"any": "plugged:HoldFilter"}, PLUGIN.replace('"hold"', '"exact_dedup"'))
    with pytest.raises(ConfigError, match=r"two stages are named exact_dedup: curate\.stages.*plugged\.HoldFilter"):
        stage_classes()


def test_same_stage_offered_twice(plugged: Path) -> None:
    make_plugin(plugged, {"a": "plugged:HoldFilter", "b": "plugged:HoldFilter"})
    with pytest.raises(ConfigError, match="two stages are named hold"):
        stage_classes()


@pytest.mark.parametrize("target", ["plugged:os", "plugged:Path", "plugged"])
def test_entry_point_that_is_no_stage(plugged: Path, target: str) -> None:
    make_plugin(plugged, {"mine": target})
    with pytest.raises(ConfigError, match=rf"mine = {target} is not a curate stage"):
        stage_classes()


@pytest.mark.parametrize("target", ["plugged:Gone", "gone_module:Stage"])
def test_entry_point_that_cannot_be_loaded(plugged: Path, target: str) -> None:
    make_plugin(plugged, {"mine": target})
    with pytest.raises(ConfigError, match=rf"mine = {target} cannot be loaded"):
        stage_classes()
