"""The manifest: what went in, what came out, and how to repeat it. It holds no time, path or machine name."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import curate
from curate.errors import InputError
from curate.io import InputFile
from curate.ledger import Ran
from curate.stage import Finding

SCHEMA: Final = 1
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
            "writes": list(ran.stage.writes),
            "reasons": dict(ran.stage.reasons),
            **ran.counts,
        }
        for ran in steps
    ]


def describe_findings(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """One entry a finding."""
    return [{"code": f.code, "message": f.message} for f in findings]


def dump(manifest: Mapping[str, Any]) -> bytes:
    """The manifest's bytes: JSON, two spaces of indent, keys in the order given, one final newline."""
    return (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()


def check_outputs(out: Path, manifest: Mapping[str, Any]) -> list[str]:
    """What in `out` differs from its manifest: one sentence a fault, none when all is as written.

    Raises
    ------
    InputError : an output cannot be read for another cause than that it is missing.
    """
    faults = []
    for name, facts in manifest["outputs"].items():
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
