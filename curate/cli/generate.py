"""`curate generate`."""

from __future__ import annotations

from pathlib import Path

import click

from curate.cli import console


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--prompts", type=click.Path(path_type=Path), required=True, help="JSONL, or a JSON array, of prompts.")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="JSON file to write.")
@click.option("--base", is_flag=True, help="Let the base model answer instead of the tuned one.")
@click.option("--name", help="Name of the generator in the records (default: that of the run's folder).")
@click.option("--max-new-tokens", type=click.IntRange(min=1), default=512, show_default=True,
              help="Tokens of an answer at most.")  # fmt: skip
@click.option("--temperature", type=click.FloatRange(min=0), default=0.0, show_default=True,
              help="0 takes the likeliest token; LIMA sampled with 0.7.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=42, show_default=True, help="Seed of the sampling.")
def generate(run: Path, *, prompts: Path, out: Path, base: bool, name: str | None, max_new_tokens: int,
             temperature: float, seed: int) -> None:  # fmt: skip
    """Let RUN's tuned model answer prompts, and write instruction, output and generator as AlpacaEval reads them."""
    from curate.errors import OutputError
    from curate.io.atomic import atomic_file
    from curate.train.finished import finished
    from curate.train.generation import as_json, read_prompts
    from curate.train.generation import generate as answer

    if out.is_dir() or not out.parent.is_dir():  # told now, and not after an hour of answers
        raise OutputError(f"{out}: {'is a folder' if out.is_dir() else 'its folder does not exist'}; give a file")
    asked = read_prompts(prompts)
    done = finished(run)
    label = name or (f"{run.name}-base" if base else run.name)
    made = answer(done.load(base=base), done.chat(), asked, label, max_new_tokens=max_new_tokens,
                  temperature=temperature, seed=seed, say=console.say)  # fmt: skip
    with atomic_file(out) as handle:
        handle.write(as_json(made))
    console.say(f"{len(made):,} answers in {out}")
    if empty := sum(not record["output"] for record in made):
        console.say(
            f"finding: {empty:,} of them are empty: the model ended its turn at once, or wrote white space alone"
        )
