"""The manifest: what went in, what came out, and how to repeat it. It holds no time, path or machine name."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import curate
from curate.errors import InputError
from curate.io import InputFile
from curate.stage import Finding, Stage

if TYPE_CHECKING:
    from curate.ledger import Ran

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"
#: Packages whose versions can change a result.
_PACKAGES: Final = (
    "polars",
    "numpy",
    "numba",
    "datasketch",
    "langdetect",
    "model2vec",
    "sentence-transformers",
    "torch",
)


def versions() -> dict[str, str]:
    """Versions of curate, Python and the packages that can change a result (absent ones left out)."""
    found = {"curate": curate.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def describe_inputs(files: Sequence[InputFile], counts: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    """One entry a file: name, source, format, size, hash, and its lines, blanks, rejects and examples."""
    return [
        {
            "file": f.name,
            "source": f.source,
            "format": f.format,
            "container": f.container,
            "compression": f.compression,
            "bytes": f.size,
            "sha256": f.sha256,
            **(
                {"with": [{"file": c.name, "bytes": c.size, "sha256": c.sha256} for c in f.companions]}
                if f.companions
                else {}
            ),
            **counts[f.name],
        }
        for f in files
    ]


def describe_steps(steps: Iterable[Ran]) -> list[dict[str, Any]]:
    """One entry a step: its stage with every parameter, what it writes, its reasons and its counts."""
    return [
        {
            "step": ran.index,
            "stage": ran.stage.name,
            "kind": ran.stage.kind,
            "parameters": ran.stage.model_dump(mode="json", exclude={"stage"}),
            **_compared(ran.stage),
            "writes": list(ran.stage.writes),
            "reasons": dict(ran.stage.reasons),
            **ran.counts,
        }
        for ran in steps
    ]


def _compared(stage: Stage) -> dict[str, Any]:
    """The files of the datasets that a stage compared with, where there are any."""
    files = {parameter: list(reference.files) for parameter, reference in stage.bound().items()}
    return {"references": files} if files else {}


def describe_findings(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """One entry a finding."""
    return [{"code": f.code, "message": f.message} for f in findings]


def dump(manifest: Mapping[str, Any]) -> bytes:
    """The manifest's bytes: JSON, two spaces of indent, keys in the order given, one final newline."""
    return (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()


def seal(manifest: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the manifest's bytes without its key `seal`."""
    return hashlib.sha256(dump({key: value for key, value in manifest.items() if key != "seal"})).hexdigest()


def read_manifest(out: Path) -> dict[str, Any]:
    """The manifest of a finished run, as it lies there.

    Raises
    ------
    InputError : `out` does not hold a finished run.
    """
    try:
        manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{out} is not the folder of a finished run: it has no {MANIFEST}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{out} cannot be read as the folder of a finished run: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA or "seal" not in manifest:
        raise InputError(f"{out}: its {MANIFEST} is not one that this version of curate writes")
    return manifest


def check_outputs(out: Path, manifest: Mapping[str, Any], *, only: Sequence[str] | None = None) -> list[str]:
    """What in `out` differs from its manifest: one sentence a fault, none when all is as written.

    Parameters
    ----------
    only : the outputs to look at; None: all.

    Raises
    ------
    InputError : an output cannot be read for another cause than that it is missing.
    """
    if manifest["seal"] != seal(manifest):
        return [f"{MANIFEST} is not as the run wrote it"]
    faults = []
    for name, facts in manifest["outputs"].items():
        if only is not None and name not in only:
            continue
        path = out / name
        try:
            digest = file_sha256(path)
        except FileNotFoundError:
            faults.append(f"{name} is missing")
            continue
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None
        if digest != facts["sha256"]:
            size = path.stat().st_size
            other = "" if size == facts["bytes"] else f" ({size:,} instead of {facts['bytes']:,})"
            faults.append(f"{name} has other bytes than the run wrote{other}")
    return faults
