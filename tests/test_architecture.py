"""The tree is the architecture: imports point only downward, and heavy libraries load only where they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT

PACKAGE = ROOT / "curate"
LAYERS = {
    "curate.errors": 0,
    "curate.schema": 0,
    "curate.yamltext": 0,
    "curate.stage": 1,
    "curate.verdict": 1,
    "curate.handles": 1,
    "curate.farthest_first": 1,
    "curate.greedi": 1,
    "curate.near_duplicates": 1,
    "curate.nearest_kept": 1,
    "curate.quotas": 1,
    "curate.text": 1,
    "curate.wordings": 1,
    "curate.phrases": 1,
    "curate.damage": 1,
    "curate.fingerprints": 1,
    "curate.judge": 1,
    "curate.language_models": 1,
    "curate.encoders": 1,
    "curate.algorithms": 1,
    "curate.io": 1,
    "curate.stages": 2,
    "curate.registry": 3,
    "curate.cache": 3,
    "curate.ledger": 3,
    "curate.manifest": 3,
    "curate.config": 4,
    "curate.diff": 4,
    "curate.engine": 4,
    "curate.manual": 4,
    "curate.report": 5,
    "curate.train": 5,
    "curate.handoff": 5,
    "curate.split": 5,
    "curate.ingest": 5,
    "curate.outputs": 5,
    "curate.references": 5,
    "curate.pipeline": 5,
    "curate.cli": 6,
    "curate.__main__": 7,
}
#: Never imported when a module is imported: each costs a second or more, or is optional.
HEAVY = {"torch", "sentence_transformers", "transformers", "trl", "ray", "datasketch", "matplotlib", "sklearn", "scipy",
         "model2vec", "langdetect", "datasets", "openai", "tokenizers", "peft", "accelerate"}  # fmt: skip

MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer(name: str) -> tuple[str, int] | None:
    head = ".".join(name.split(".")[:2])
    return (head, LAYERS[head]) if head in LAYERS else None


def imports(path: Path) -> list[tuple[str, bool]]:
    """Every module imported anywhere in the file, and whether at import time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []

    def visit(node: ast.AST, *, top: bool) -> None:
        for child in ast.iter_child_nodes(node):
            inner = top and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                inner = False
            if isinstance(child, ast.Import):
                found.extend((alias.name, inner) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}: relative import"
                assert child.module is not None
                found.append((child.module, inner))
                found.extend((f"{child.module}.{alias.name}", inner) for alias in child.names)
            visit(child, top=inner)

    visit(tree, top=True)
    return found


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_point_downward(path: Path) -> None:
    me = module_name(path)
    mine = layer(me)
    if me == "curate":
        return
    assert mine, f"{me} is in no layer"
    for name, _ in imports(path):
        if not name.startswith("curate"):
            continue
        other = layer(name)
        if other is None:
            continue
        assert other[1] <= mine[1], f"{me} (L{mine[1]}) imports {name} (L{other[1]})"
        if mine[0] == "curate.stages":
            assert other[0] != "curate.stages", f"{me} imports another stage: {name}"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_no_heavy_import_at_module_top(path: Path) -> None:
    for name, top in imports(path):
        assert not (top and name.split(".")[0] in HEAVY), f"{module_name(path)} imports {name} at import time"


@pytest.mark.parametrize("path", sorted((PACKAGE / "algorithms").glob("*.py")), ids=module_name)
def test_algorithms_know_no_frames_and_no_configuration(path: Path) -> None:
    names = {name.split(".")[0] for name, _ in imports(path)}
    assert not names & {"polars", "pydantic", "yaml", "click"}


def test_layers_name_what_exists() -> None:
    for name in LAYERS:
        path = ROOT / Path(*name.split("."))
        assert path.with_suffix(".py").exists() or (path / "__init__.py").exists(), name


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sorted(m.split('.')[0] for m in sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_help_imports_no_polars() -> None:
    loaded = loaded_by(
        "from curate.cli import cli\ntry:\n    cli.main(['--help'], prog_name='curate')\nexcept SystemExit:\n    pass"
    )
    assert "click" in loaded
    assert not loaded & (HEAVY | {"polars", "numpy", "numba", "pydantic"})


def test_pipeline_imports_nothing_heavy() -> None:
    loaded = loaded_by("import curate.pipeline, curate.registry\ncurate.registry.stage_classes()")
    assert "polars" in loaded
    assert not loaded & (HEAVY | {"numba"})


def test_modules_are_short() -> None:
    long = {module_name(p): n for p in MODULES if (n := len(p.read_text(encoding="utf-8").splitlines())) > 320}
    assert not long, f"modules over 320 lines: {long}"
