"""`curate eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from curate.cli import console


@click.command("eval")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), multiple=True, required=True,
              help="Held-out conversations (repeatable).")  # fmt: skip
@click.option("--max-length", type=click.IntRange(min=2), help="Tokens of a record at most (default: as in the run).")
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON on stdout.")
def evaluate(run: Path, data: tuple[Path, ...], *, max_length: int | None, as_json: bool) -> None:
    """Measure the response loss of RUN's tuned model on held-out files, beside that of its base.

    Every response token counts the same (`loss`), or every record (`loss_by_record`); both in nats a token.
    """
    from curate.train.evaluation import response_loss
    from curate.train.finished import finished
    from curate.train.run import held_out_rows

    done = finished(run)
    chat = done.chat()
    rows = {path: held_out_rows(path, chat, max_length or done.config.max_length) for path in data}
    told: dict[str, dict[str, Any]] = {str(path): {} for path in data}
    for name in ("base", "tuned"):
        model = done.load(base=name == "base")
        for path, encoded in rows.items():
            told[str(path)][name] = response_loss(model, encoded).facts()
        del model
    if as_json:
        console.data({"schema": 1, "files": told})
    for file, both in told.items():
        base, tuned = both["base"], both["tuned"]
        console.say(f"{file}: {base['records']:,} records, {base['tokens']:,} response tokens")
        cells = [[name, f"{f['loss']:.4f}", f"{f['loss_by_record']:.4f}", f"{f['perplexity']:.2f}"]
                 for name, f in (("base", base), ("tuned", tuned))]  # fmt: skip
        click.echo(console.table([["", "loss", "loss_by_record", "perplexity"], *cells]), err=True)
