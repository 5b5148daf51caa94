"""The package: its public names, what importing it costs, and what a wheel of it holds."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import curate
from tests.helpers import ROOT
from tests.runs import environment

PUBLIC = {
    "ConfigError", "CurateError", "EncoderError", "InputError", "Options", "OutputError", "Pipeline", "Result",
    "StageError", "UsageError", "__version__",
}  # fmt: skip


def test_public_names_are_pinned() -> None:
    assert set(curate.__all__) == PUBLIC
    assert curate.__all__ == sorted(curate.__all__)
    assert set(dir(curate)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC - {"__version__"}))
def test_public_name_is_the_one_of_its_module(name: str) -> None:
    module = import_module("curate.pipeline" if name in {"Options", "Pipeline", "Result"} else "curate.errors")
    assert getattr(curate, name) is getattr(module, name)


def test_every_error_is_public() -> None:
    errors = import_module("curate.errors")
    classes = {n for n, v in vars(errors).items() if isinstance(v, type) and issubclass(v, Exception)}
    assert classes <= PUBLIC
    assert {getattr(errors, n).exit_code for n in classes} == {1, 2, 3, 4, 5}


def test_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Pipelines'"):
        curate.Pipelines  # noqa: B018 - the access is the test
    assert not hasattr(curate, "no_such_thing")


def test_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, curate; heavy = ('polars', 'numpy', 'numba', 'pydantic', 'torch', 'click', 'yaml')\n"
        "print([m for m in heavy if m in sys.modules])\n"
        "curate.ConfigError; print([m for m in heavy if m in sys.modules])\n"
        "curate.Pipeline; print('polars' in sys.modules, 'torch' in sys.modules)\n"
        "from curate import *; print(Pipeline.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    assert done.stdout.splitlines() == ["[]", "[]", "True False", "Pipeline"]


def test_version_is_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(\.dev\d+|rc\d+)?", curate.__version__)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "curate/__init__.py"


def test_wheel_holds_the_package_its_assets_and_its_recipes(tmp_path: Path) -> None:
    if find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not installed here")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    name = done.stdout.splitlines()[-1]
    assert name == f"curate_sft-{curate.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(tmp_path / name) as wheel:
        inside = set(wheel.namelist())
        entry = next(n for n in inside if n.endswith("entry_points.txt"))
        assert "curate = curate.cli:main" in wheel.read(entry).decode()
    ours = {str(p.relative_to(ROOT)) for p in (ROOT / "curate").rglob("*.py")}
    assert ours <= inside
    assets = {
        str(p.relative_to(ROOT))
        for p in (ROOT / "curate" / "assets").rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
    assert assets
    assert assets <= inside
    assert {f"curate/pipelines/{p.name}" for p in (ROOT / "pipelines").glob("*.yaml")} <= inside
    assert any(n.endswith("licenses/LICENSE") for n in inside)
    assert any(n.endswith("licenses/NOTICE") for n in inside)
    assert not [n for n in inside if n.startswith(("tests/", "shared/", "sample_data/"))]
    assert (tmp_path / name).stat().st_size < 20 * 2**20
