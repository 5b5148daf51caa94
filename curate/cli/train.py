"""`curate train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from curate.cli import console


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--model", "-m", required=True, help="Folder of the model, or owner/name on the Hugging Face hub.")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
@click.option("--preset", help="lima, lima_small, deita, lora, dpo or orpo (default: lima, or that of --method).")
@click.option(
    "--config", "file", type=click.Path(path_type=Path), help="YAML file of settings; it overrides the preset."
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="One setting, as in the file (repeatable).")
@click.option("--method", type=click.Choice(["sft", "dpo", "orpo"]), help="What to train for (default: sft).")
@click.option("--epochs", type=float, help="Passes over the set.")
@click.option("--learning-rate", type=float, help="Learning rate after the warm-up.")
@click.option("--batch-size", type=int, help="Examples a step, over all devices.")
@click.option("--micro-batch", type=int, help="Examples that a device takes at a time.")
@click.option("--max-length", type=int, help="Tokens of an example.")
@click.option("--too-long", type=click.Choice(["error", "drop", "truncate"]), help="What becomes of longer examples.")
@click.option("--packing", is_flag=True, default=None, help="Several examples in a row of --max-length tokens.")
@click.option("--lora", is_flag=True, help="Train adapters instead of all weights.")
@click.option("--template", type=click.Choice(["model", "chatml"]), help="The model's chat template, or ChatML.")
@click.option("--save-steps", type=int, help="Save every so many steps, too.")
@click.option("--tensorboard", is_flag=True, default=None, help="Write event files for TensorBoard.")
@click.option("--seed", type=int, help="Seed of order, dropout and new weights.")
@click.option("--eval", "evaluate", type=click.Path(path_type=Path), help="Held-out file; its loss is told each epoch.")
@click.option("--dry-run", is_flag=True, help="Check data, tokens and settings; train nothing, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print run.json on stdout.")
def train(  # noqa: PLR0913 - a parameter for each option
        data: Path, model: str, out: Path, preset: str | None, file: Path | None, settings: tuple[str, ...],
        method: str | None, *, lora: bool, evaluate: Path | None, dry_run: bool, as_json: bool,
        **flags: Any) -> None:  # fmt: skip
    """Fine-tune a model on DATA: a file of conversations or pairs, or a folder with a train.jsonl.

    Everything is checked before the first step: the tokens of every example, which of them are learnt, and whether
    they fit. A run that was killed goes on when the same command is given again, and ends with the same weights.

    OUT gets model/ (the tuned model), checkpoints/ (each epoch's), and run.json.
    """
    from curate.train.config import LoraSettings, make_config
    from curate.train.run import is_main, prepare, require_extra
    from curate.train.run import train as run

    given: dict[str, Any] = {key: value for key, value in flags.items() if value is not None}
    if method is not None:
        given["method"] = method
    config = make_config(preset or (method if method in {"dpo", "orpo"} else "lima"), file, _settings(settings) | given)
    if lora and config.lora is None:
        config = config.model_copy(update={"lora": LoraSettings()})
    if dry_run:
        require_extra()
        ready = prepare(data, model, config)
        console.data({"schema": 1, "config": config.model_dump(mode="json"), "checks": ready.facts})
        return
    book = run(data, model, out, config, evaluate=evaluate, say=console.say)
    if not is_main():
        return
    if as_json:
        console.data(book)
    console.say(f"{book['steps']:,} steps; the tuned model is in {out / 'model'}")


def _settings(pairs: tuple[str, ...]) -> dict[str, Any]:
    """`KEY=VALUE` as YAML would read the value; dots lead into mappings."""
    from curate.yamltext import YamlText

    out: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.UsageError(f"--set {pair}: KEY=VALUE is expected")
        *path, last = key.split(".")
        inner = out
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = YamlText(f"value: {value}", f"--set {key}").value["value"]
    return out
