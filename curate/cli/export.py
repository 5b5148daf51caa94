"""`curate export`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from curate.cli import console

#: The layouts of `curate.handoff`, which a test compares; importing it here would import polars for `--help`.
_LAYOUTS = ("messages", "alpaca", "sharegpt", "prompt_completion", "openai", "llama_factory", "axolotl", "torchtune",
            "trl", "text", "parquet", "huggingface", "preference", "llama_factory_ranking")  # fmt: skip
#: `curate.handoff.pairs.OUTSIDE`, likewise: of a file of pairs only those are wanted whose prompt was chosen.
_OUTSIDE = "its prompt is not in the set"

#: Examples that a training file must have (OpenAI, *Supervised fine-tuning* guide).
_OPENAI_LEAST = 10


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--to", "layout", type=click.Choice(_LAYOUTS), required=True, help="The program, or the form of records.")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="Folder to write into.")
@click.option("--leave-out", is_flag=True, help="Go on without records that the layout cannot hold, and list them.")
@click.option("--model", "-m", help="For text: the model whose chat template makes it.")
@click.option(
    "--pairs",
    type=click.Path(path_type=Path),
    help="For preference and llama_factory_ranking: a file of pairs, or a run made of one; default: the pairs that "
    "DIRECTORY was made of.",
)
@click.pass_context
def export(ctx: click.Context, directory: Path, *, layout: str, out: Path, leave_out: bool, model: str | None,
           pairs: Path | None) -> None:  # fmt: skip
    """Write the train.jsonl (and test.jsonl) of DIRECTORY for another program.

    The lines of a result serve most trainers unchanged; llama_factory, axolotl, torchtune and trl put the small file
    beside them that the program wants. Other layouts hold the same conversations in another form.

    A set made of preference records is written with its pairs by preference (as TRL takes them) and by
    llama_factory_ranking, also where `curate split` has made two parts of it: what the stages decided on prompt and
    chosen answer holds for the pair. With --pairs, all pairs of a file are written whose prompt is in the set.

    Exit code 1 where records were left out, which left_out.json lists.
    """
    from curate.handoff import export as write

    template = None
    if layout == "text":
        if model is None:
            raise click.UsageError("--to text needs --model: the chat template is the model's")
        from curate.train.model import load_tokenizer

        tokenizer = load_tokenizer(model)
        if tokenizer.chat_template is None:
            raise click.UsageError(f"{model}: has no chat template")

        def template(messages: list[dict[str, str]]) -> str:
            return str(tokenizer.apply_chat_template(messages, tokenize=False))

    done = write(directory, out, layout, leave_out=leave_out, template=template, pair_file=pairs)
    counts = ", ".join(f"{number:,} in {name}" for name, number in done.written.items())
    console.say(f"{counts}: {', '.join(done.files)} in {out}")
    reasons = Counter(why for _, _, why in done.left_out)
    for why, number in sorted(reasons.items()):
        console.say(f"{'' if why == _OUTSIDE else 'finding: '}left out {number:,}: {why}")
    few = layout == "openai" and done.written["train"] < _OPENAI_LEAST
    if few:
        console.say(f"finding: OpenAI takes no training file of fewer than {_OPENAI_LEAST} examples")
    if few or reasons.keys() - {_OUTSIDE}:
        ctx.exit(1)
