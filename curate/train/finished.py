"""A finished run, or any model folder: its tuned model and the one that it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import InputError
from curate.train.chat import Chat
from curate.train.checkpoints import read_book
from curate.train.config import TrainConfig
from curate.train.model import load_model, load_tokenizer
from curate.train.run import MODEL, require_extra


@dataclass(frozen=True)
class Finished:
    """Where the two models of a run lie, and how it was configured."""

    folder: Path
    base: str
    config: TrainConfig

    @property
    def tuned(self) -> str:
        """The folder of the tuned model."""
        return str(self.folder / MODEL)

    def chat(self) -> Chat:
        """The tokenizer of the run, with the tokens that it added."""
        return Chat(load_tokenizer(self.tuned), "model")

    def load(self, *, base: bool) -> Any:
        """The tuned model, or the base as it was before the first step, on the GPU where there is one."""
        import torch
        from transformers import set_seed

        if base:
            set_seed(self.config.seed)
            model = load_model(self.base, Chat(load_tokenizer(self.base), self.config.template))
        else:
            model = load_model(self.tuned)
        return model.to("cuda" if torch.cuda.is_available() else "cpu")


def finished(folder: Path) -> Finished:
    """The run in `folder`.

    Raises
    ------
    InputError : there is none, or it is not done.
    """
    require_extra()
    book = read_book(folder)
    if book is None:
        why = "has no run.json; it is no run of `curate train` (the folder of its --out)"
        raise InputError(f"{folder}: {why if folder.is_dir() else 'no such folder'}")
    if book.get("state") != "done":
        raise InputError(f"{folder}: this run is not done; give the same `curate train` again to finish it")
    return Finished(folder, str(book["base"]), TrainConfig.model_validate(book["config"]))
