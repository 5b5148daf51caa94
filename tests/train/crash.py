"""Trains in processes that are killed (SIGKILL) at planted points, and again until it is done; prints what came out.

A program of its own: everything heavy is imported once, and each attempt is a fork of it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def attempt(data: Path, model: str, out: Path, flags: dict[str, Any], point: str | None) -> None:
    """One attempt, in this process."""
    from curate.train import callbacks, run
    from curate.train.config import make_config

    def say(line: str) -> None:
        with (out.parent / f"{out.name}.log").open("a") as log:
            log.write(line + "\n")
        if point is not None and point.startswith("step") and line.startswith(f"{point} "):
            die()

    if point == "saving":
        callbacks.mark_complete = die  # type: ignore[assignment]
    elif point == "end":
        run._finish = die  # type: ignore[assignment]
    run.train(data, model, out, make_config("lima", None, flags), say=say)


def main() -> None:
    data, model, folder, scenarios = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4])
    import peft
    import torch
    import trl

    import curate.train.run

    torch.set_num_threads(1)
    del peft
    assert trl.SFTTrainer
    assert curate.train.run
    ends: dict[str, list[int]] = {}
    for name, (flags, points) in scenarios.items():
        for point in points:
            child = os.fork()
            if child == 0:
                attempt(data, model, folder / name, flags, point)
                os._exit(0)
            ends.setdefault(name, []).append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(ends))


if __name__ == "__main__":
    main()
