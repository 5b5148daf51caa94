"""`curate judge`."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import click

from curate.cli import console


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--endpoint", required=True, help="Base URL of an OpenAI-compatible endpoint.")
@click.option("--model", "-m", required=True, help="The judge's name there.")
@click.option("--key-variable", default="OPENAI_API_KEY", show_default=True,
              help="Environment variable that holds the key; empty where none is needed.")  # fmt: skip
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True, help="Requests at a time.")
@click.option("--max-requests", type=click.IntRange(min=1), help="Requests at most, retries among them.")
@click.option("--plain", is_flag=True, help="Do not ask the endpoint for a schema (`response_format`).")
@click.pass_context
def judge(  # noqa: PLR0913 - a parameter for each option
        ctx: click.Context, a: Path, b: Path, *, endpoint: str, model: str, key_variable: str, concurrency: int,
        max_requests: int | None, plain: bool) -> None:  # fmt: skip
    """Compare the answers in A with those in B, two files of `curate generate`, by a judge model.

    Each pair is judged in both orders; where the two judgements disagree it is a tie. Prints wins, ties and losses of
    A, its win rate with an interval of 95%, and how much longer its answers are, as JSON.

    Exit code 1 where a pair could not be judged.
    """
    from curate.judge import FAILURES, Plan, begin, require_client
    from curate.judge.pairwise import SYSTEM, compare

    require_client()
    if not endpoint.startswith(("http://", "https://")):
        raise click.UsageError(f"--endpoint {endpoint}: must begin with http:// or https://")
    ours, theirs = _answers(a), _answers(b)
    if list(ours) != list(theirs):
        pairs = enumerate(itertools.zip_longest(ours, theirs), 1)
        first = next(number for number, (one, other) in pairs if one != other)
        raise click.UsageError(f"{a} and {b} do not answer the same instructions in the same order; record {first} is "
                               "the first that differs")  # fmt: skip
    plan = Plan(endpoint=endpoint, model=model, key_variable=key_variable or None, system=SYSTEM, low=-1.0, high=1.0,
                schema=not plain, concurrency=concurrency, retries=4, timeout=120.0, deadline=86_400.0,
                max_requests=max_requests, max_total_tokens=None, answer_tokens=512)  # fmt: skip
    plan.key()
    begin(None)
    found = compare(plan, list(ours), list(ours.values()), list(theirs.values())).facts()
    console.data({"schema": 1, "a": a.name, "b": b.name, "judge": model, **found})
    if found["unjudged"]:
        console.say(f"finding: {found['unjudged']:,} of {len(ours):,} pairs are unjudged")
        for kind, number in found["failures"].items():
            console.say(f"  {number:,} judgements failed ({kind}): {FAILURES[kind]}")
        ctx.exit(1)


def _answers(path: Path) -> dict[str, str]:
    """Output by instruction, in the order of the file."""
    from curate.errors import InputError
    from curate.io.strictjson import loads

    try:
        records: Any = loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path}: is no JSON array of answers, as `curate generate` writes it: {error}") from None
    if not isinstance(records, list) or not records:
        raise InputError(f"{path}: must be a JSON array of answers, as `curate generate` writes it, with one at least")
    found: dict[str, str] = {}
    for number, record in enumerate(records, 1):
        fields = [record.get(key) for key in ("instruction", "output")] if isinstance(record, dict) else [None]
        if not all(isinstance(field, str) for field in fields):
            raise InputError(f"{path}: record {number} has no instruction and output")
        if fields[0] in found:
            raise InputError(f"{path}: record {number} has an instruction that stood before")
        found[str(fields[0])] = str(fields[1])
    return found
