"""What happens beside the steps: checkpoints are kept and marked, held-out loss is measured, progress is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.io.atomic import atomic_file
from curate.train.chat import Encoded
from curate.train.checkpoints import mark_complete, mark_of, step_of
from curate.train.evaluation import response_loss

if TYPE_CHECKING:
    from transformers import TrainerCallback

Say = Callable[[str], None]
HELD_OUT = "held_out.json"


def keeper(save_steps: int | None) -> TrainerCallback:
    """Saves at the end of each epoch, and every `save_steps`; of the latter only the newest stays."""
    import torch
    from transformers import TrainerCallback

    class Keeper(TrainerCallback):
        epoch_end = False

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            del args
            self.epoch_end = False
            if save_steps and state.global_step % save_steps == 0:
                control.should_save = True

        def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            del args, state
            self.epoch_end = True
            control.should_save = True

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            del control
            if torch.distributed.is_initialized():
                torch.distributed.barrier()  # each process writes a part of the checkpoint
            if not state.is_world_process_zero:
                return
            folder = Path(args.output_dir)
            mark_complete(folder / f"checkpoint-{state.global_step}", epoch_end=self.epoch_end)
            for path in folder.glob("checkpoint-*"):
                step, mark = step_of(path), mark_of(path)
                if step is not None and step < state.global_step and mark is not None and not mark["epoch_end"]:
                    shutil.rmtree(path)

    return Keeper()


def held_out(rows: Sequence[Encoded], out: Path) -> TrainerCallback:
    """Measures the token-weighted response loss on held-out rows after each epoch, into `held_out.json`."""
    from transformers import TrainerCallback

    class HeldOut(TrainerCallback):
        def on_epoch_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            del args, control
            facts = response_loss(more["model"], rows).facts()
            if not state.is_world_process_zero:
                return
            path = out / HELD_OUT
            told = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            told[str(state.global_step)] = facts
            with atomic_file(path) as handle:
                handle.write((json.dumps(told, indent=2) + "\n").encode())

    return HeldOut()


def narrator(say: Say) -> TrainerCallback:
    """Tells step, loss and learning rate; TRL's own printing goes to stdout, which is for data."""
    from transformers import TrainerCallback

    class Narrator(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            del args, control
            if state.is_world_process_zero and logs and "loss" in logs:
                rate = f" · learning rate {logs['learning_rate']:.3g}" if "learning_rate" in logs else ""
                say(f"step {state.global_step:,} of {state.max_steps:,} · loss {float(logs['loss']):.4f}{rate}")

    return Narrator()
