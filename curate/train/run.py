"""One training run from its file to its weights: check, tell, train, save. Read this from top to bottom."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import curate
from curate.errors import ConfigError
from curate.io.atomic import OutputLock
from curate.language_models import model_name
from curate.train.callbacks import Say, held_out, keeper
from curate.train.chat import Chat, Encoded
from curate.train.checkpoints import CHECKPOINTS, last_complete, read_book, require_same, weights_sha256, write_book
from curate.train.checks import Checked, check_conversations, check_pairs
from curate.train.config import TrainConfig
from curate.train.model import Memory, adapt, load_model, load_tokenizer, memory
from curate.train.preference import preference_trainer
from curate.train.records import Pair, RecordFile, conversations, data_file, pairs, read_records
from curate.train.sft import accumulation, processes, quiet, sft_trainer

#: Where the tuned model lies in a run's folder.
MODEL: Final = "model"
_PACKAGES: Final = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers")


def require_extra() -> None:
    """Raise `ConfigError` unless the extra `train` is installed, and switch telemetry off before anything asks."""
    missing = [name for name in ("torch", "transformers", "trl", "peft", "accelerate", "datasets")
               if importlib.util.find_spec(name) is None]  # fmt: skip
    if missing:
        raise ConfigError(f"training needs {', '.join(missing)}; run `pip install 'curate-sft[train]'`")
    for name in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK", "WANDB_DISABLED", "TRL_EXPERIMENTAL_SILENCE"):
        os.environ.setdefault(name, "1")
    from datasets.utils.logging import disable_progress_bar
    from transformers.utils import logging

    disable_progress_bar()
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def is_main() -> bool:
    """Whether this is the one process of a run, of those that `accelerate launch` starts, that tells and writes."""
    return os.environ.get("RANK", "0") == "0"


@dataclass(frozen=True)
class Prepared:
    """Data that was checked, with its tokenizer."""

    chat: Chat
    file: RecordFile
    rows: Checked | None
    pairs: list[Pair]
    facts: dict[str, Any]


def prepare(data: Path, model: str, config: TrainConfig) -> Prepared:
    """Read and check everything that does not need the weights.

    Raises
    ------
    InputError : the data. ConfigError : the model, its chat template, or a batch that cannot be split evenly.
    """
    accumulation(config)
    if config.tensorboard and not any(map(importlib.util.find_spec, ("tensorboard", "tensorboardX"))):
        raise ConfigError("tensorboard: needs the package of that name; run `pip install tensorboard`")
    file = read_records(data_file(data))
    if config.method == "sft":
        found = conversations(file)
        chat = Chat(load_tokenizer(model), config.template)
        rows = check_conversations(chat, found, file.path, config.max_length, config.too_long)
        return Prepared(chat, file, rows, [], rows.facts())
    both = pairs(file)
    chat = Chat(load_tokenizer(model), config.template)
    kept, facts = check_pairs(chat, both, file.path, config.max_length, config.too_long)
    return Prepared(chat, file, None, kept, facts)


def held_out_rows(path: Path, chat: Chat, max_length: int) -> list[Encoded]:
    """The rows of a held-out file; one that is too long is an error."""
    file = read_records(path)
    advice = "Raise --max-length, or take them out of the file"
    return check_conversations(chat, conversations(file), path, max_length, "error", advice).rows


def train(
    data: Path, model: str, out: Path, config: TrainConfig, *, evaluate: Path | None = None, say: Say = lambda _: None
) -> dict[str, Any]:
    """Train and return the book of the run, `run.json`. Called again after a kill, it goes on and ends the same.

    Raises
    ------
    InputError, ConfigError : what `prepare` finds; all before the first step.
    UsageError : `out` holds a run with other data, another model or another configuration.
    OutputError : `out` cannot be written, or another run holds it.
    """
    require_extra()
    from transformers import set_seed

    if not is_main():
        say = _silent
    ready = prepare(data, model, config)
    kept_out = [] if evaluate is None else held_out_rows(evaluate, ready.chat, config.max_length)
    book = _book(ready, model, config)
    if (done := _done_before(out, book, say)) is not None:
        return done
    set_seed(config.seed)
    loaded = load_model(model, ready.chat)
    adapters = adapt(loaded, ready.chat, config)
    _tell(ready, config, memory(loaded, config, ready.facts["longest"]), say)
    # Nothing is refused from here on but by the disk, so that a run that is refused leaves no folder.
    with OutputLock(out) if is_main() else nullcontext():
        if (done := _done_before(out, book, say)) is not None:  # by a run that held the folder until now
            return done

        def reference() -> Any:
            set_seed(config.seed)
            return load_model(model, ready.chat)

        if ready.rows is not None:
            trainer = sft_trainer(loaded, ready.chat, ready.rows.rows, config, out, adapters)
        else:
            trainer = preference_trainer(loaded, ready.chat, ready.pairs, config, out, adapters, reference)
        quiet(trainer, say)
        trainer.add_callback(keeper(config.save_steps))
        if kept_out:
            trainer.add_callback(held_out(kept_out, out))
        with trainer.accelerator.main_process_first():  # which sets broken ones aside before the others look
            last, broken = last_complete(out / CHECKPOINTS)
        for path in broken:
            say(f"{path.name}: was not complete, and is set aside")
        if last is not None:
            say(f"going on from {last.name}")
        if trainer.is_world_process_zero():
            write_book(out, book)
        ended = trainer.train(resume_from_checkpoint=None if last is None else str(last))
        return _finish(trainer, ready.chat, out, book, ended)


def _silent(_: str) -> None:
    """Says nothing: the main process does."""


def _done_before(out: Path, book: dict[str, Any], say: Say) -> dict[str, Any] | None:
    """The book of the same run where it is done already; None where it is to be begun, or to be gone on with.

    Raises
    ------
    UsageError : `out` holds another run.
    """
    old = read_book(out)
    if old is None:
        return None
    require_same(out, old, book)
    if old["state"] == "done" and (out / MODEL).is_dir():
        say(f"{out}: this run is done; its weights are in {out / MODEL}")
        return old
    _tell_versions(old, book, say)
    return None


def _finish(trainer: Any, chat: Chat, out: Path, book: dict[str, Any], done: Any) -> dict[str, Any]:
    """Save the weights (adapters merged into them) and close the book."""
    final = trainer.accelerator.unwrap_model(trainer.model)
    losses = {str(log["step"]): log["loss"] for log in trainer.state.log_history if "loss" in log}
    book |= {
        "state": "done",
        "steps": trainer.state.global_step,
        "training_loss": float(done.training_loss),
        "losses": losses,
    }
    if not trainer.is_world_process_zero():
        return book
    partial = out / f"{MODEL}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    if hasattr(final, "merge_and_unload"):
        final.save_pretrained(out / "adapter")
        final = final.merge_and_unload()
    final.save_pretrained(partial)
    chat.tokenizer.save_pretrained(partial)
    shutil.rmtree(out / MODEL, ignore_errors=True)
    partial.rename(out / MODEL)
    book["weights"] = {"sha256": weights_sha256(out / MODEL)}
    write_book(out, book)
    return book


def _book(ready: Prepared, model: str, config: TrainConfig) -> dict[str, Any]:
    found = {"curate": curate.__version__}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "schema": 1,
        "state": "running",
        "data": {"sha256": ready.file.sha256, "records": len(ready.file.records)},
        "model": {"name": model_name(model)},
        "base": model,
        "config": config.model_dump(mode="json"),
        "checks": ready.facts,
        "versions": found,
    }


def _tell(ready: Prepared, config: TrainConfig, need: Memory, say: Say) -> None:
    """What will be trained on, for how long, and in how much memory."""
    f = ready.facts
    for what in ("dropped", "truncated"):
        if f[what]:
            say(f"finding: {len(f[what]):,} examples {what} as longer than {config.max_length:,} tokens, lines "
                f"{_listed(f[what])}")  # fmt: skip
    if ready.rows is not None:
        say(f"{f['examples']:,} examples fit {config.max_length:,} tokens (longest {f['longest']:,}); "
            f"{f['tokens']:,} tokens, of which {f['learnt_tokens']:,} are learnt")  # fmt: skip
    else:
        say(f"{f['examples']:,} pairs fit {config.max_length:,} tokens (longest {f['longest']:,}); "
            f"{f['tokens']:,} tokens of both answers, each with its prompt")  # fmt: skip
    # How well rows can be filled is known when they are.
    rows = math.ceil(f["tokens"] / config.max_length) if config.packing else f["examples"]
    steps = config.max_steps or math.ceil(math.ceil(rows / config.batch_size) * config.epochs)
    least = "at least " if config.packing and not config.max_steps else ""
    together = f", {processes()} processes together" if processes() > 1 else ""
    say(f"{least}{steps:,} steps of {config.batch_size} {'packed rows' if config.packing else 'examples'}{together}")
    parts = {"weights": need.weights, "gradients": need.gradients, "optimizer": need.optimizer,
             "activations": need.activations}  # fmt: skip
    unit, name = (2**30, "GiB") if need.total >= 2**30 else (2**20, "MiB")
    told = ", ".join(f"{what} {size / unit:,.1f}" for what, size in parts.items())
    say(f"memory on one device, about {need.total / unit:,.1f} {name}: {told}")


def _listed(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:20])) + (
        f" and {len(lines) - 20:,} more (run.json has all)" if len(lines) > 20 else ""
    )


def _tell_versions(old: dict[str, Any], new: dict[str, Any], say: Say) -> None:
    then = old.get("versions", {})
    for name, now in new["versions"].items():
        if then.get(name) != now:
            say(f"finding: {name} was {then.get(name)} when this run was begun and is {now}; weights may differ")
