"""`curate verify`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from curate.cli import console

#: Keys of the manifest that other faults, or a difference of versions, alter too.
_INDIRECT = ("outputs", "versions", "seal")


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1)
@click.option("--threads", type=click.IntRange(min=1), help="Threads to use (default: all cores).")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON on stdout.")
@click.pass_context
def verify(ctx: click.Context, directory: Path, inputs: tuple[str, ...], *, threads: int | None, as_json: bool) -> None:
    """Check that the result in DIRECTORY is as its manifest says; with INPUTS, run it again and compare every byte.

    Exit code 1 where anything differs.
    """
    console.set_up(threads)
    from curate.ledger import read_run
    from curate.manifest import check_outputs, read_manifest

    manifest = read_manifest(directory)
    faults = check_outputs(directory, manifest)
    if not faults:
        _, ledger, examples = read_run(directory)
        read = manifest["counts"]["read"]
        dropped = ledger["step"].count()
        if read != examples.height + dropped:
            faults.append(f"{read:,} read are not {examples.height:,} kept and {dropped:,} dropped")
    if inputs:
        faults += _rerun(manifest, inputs, threads)
    if as_json:
        console.data({"schema": 1, "directory": str(directory), "faults": faults})
    for fault in faults:
        console.say(f"differs: {fault}")
    if faults:
        ctx.exit(1)
    again = " and a second run gives the same bytes" if inputs else ""
    console.say(f"{directory}: {len(manifest['outputs'])} files are as the manifest says{again}")


def _rerun(manifest: dict[str, Any], inputs: tuple[str, ...], threads: int | None) -> list[str]:
    """What a run of the manifest's pipeline over `inputs` gives otherwise than the manifest says."""
    from curate.config import parse_config
    from curate.io import discover
    from curate.manifest import dump
    from curate.pipeline import Options, Pipeline

    stages = [{"stage": step["stage"], **step["parameters"]} for step in manifest["steps"]]
    head = {key: manifest[key] for key in ("name", "description", "seed", "read")}
    text = dump({**head, "stages": stages})
    plan = Pipeline.from_config(parse_config(text.decode(), name="manifest.json"))
    formats = {i["file"]: i["sha256"] for i in manifest["inputs"]}
    asked = manifest["options"]
    found = discover(inputs, **plan.config.read.detection())
    faults = [f"{f.name} is another file than the run read" for f in found.files if formats.get(f.name) != f.sha256]
    faults += [f"{name} is not among the inputs" for name in sorted(set(formats) - {f.name for f in found.files})]
    if faults:
        return faults
    narrator = console.Narrator()
    with tempfile.TemporaryDirectory(prefix="curate-verify-") as scratch:
        try:
            again = plan.run(found, scratch, options=Options(threads=threads, **asked), progress=narrator).manifest
        finally:
            narrator.close()
    for package, number in manifest["versions"].items():
        if again["versions"].get(package) != number:
            here = again["versions"].get(package, "not installed")
            console.say(f"made with {package} {number}; here it is {here}")
    other = [n for n, facts in manifest["outputs"].items() if again["outputs"].get(n) != facts]
    other += [f"manifest.json ({key})" for key in manifest if key not in _INDIRECT and again.get(key) != manifest[key]]
    return [f"{name}: a second run gives other bytes" for name in other]
