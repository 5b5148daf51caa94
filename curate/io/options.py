"""How inputs are read: the `read` section of a pipeline file."""

from __future__ import annotations

from typing import Literal, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from curate.io.model import MAX_RECORD_BYTES
from curate.io.templates import template_digest


class Detection(TypedDict):
    """Arguments of `discover`."""

    format: str | None
    max_record_bytes: int


class ReadOptions(BaseModel):
    """Parameters of the readers; all that can change what is read from the same bytes."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    format: str | None = Field(None, description="Record format of every input; default: detected for each file.")
    seed: int | None = Field(None, ge=0, lt=2**63, description="Seed of the readers' choices; default: the pipeline's.")
    prompt: Literal["title", "body", "either"] = Field(
        "either",
        description="StackExchange: what of a question is the user's turn; `either`: by the seed and the post's id, as "
        "LIMA (Zhou et al. 2023, section 2.1).",
    )
    max_record_bytes: int = Field(
        MAX_RECORD_BYTES, ge=1024, description="A longer record is rejected without being held in memory."
    )
    task_examples: int = Field(
        0,
        ge=0,
        le=16,
        description="Positive examples of a Natural-Instructions task that follow its definition in each prompt; "
        "default: none (Wang et al. 2022, Super-NaturalInstructions, train their model with 2).",
    )
    subreddits: tuple[str, ...] = Field(
        ("WritingPrompts",),
        description="Subreddits whose submissions are prompts, in any case of letters; all others are left out. LIMA, "
        "section 2.1, takes WritingPrompts and AskReddit.",
    )
    nsfw: bool = Field(
        False, description="Whether Reddit submissions marked as over 18 are read; else they are left out."
    )
    template: str | None = Field(
        None, description="Template of `task_table`: a file, or the name of a shipped one; default: none."
    )
    template_sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        validate_default=True,
        description="SHA-256 of the template's file, filled in from it; reading with another file is refused.",
    )
    tree: Literal["best", "paths"] = Field(
        "best",
        description="Open Assistant: of each tree the path of the best-ranked replies, or every path to a last answer.",
    )
    max_turns: int | None = Field(
        None,
        ge=2,
        description="Open Assistant: turns of user and assistant that a path has at most; default: all of it.",
    )
    roles: Literal["strict", "repair"] = Field(
        "strict",
        description="What becomes of a conversation whose turns are out of order: rejected, or put in order by named "
        "rules, which its `meta` lists (`_repaired`).",
    )
    html: Literal["detect", "keep"] = Field(
        "detect",
        description="ShareGPT: whether conversations that were saved as HTML become Markdown, or stay as they are.",
    )
    end_of_text: tuple[str, ...] = Field(
        (),
        description="Marks such as `<|endoftext|>` or `</s>` that are taken off where a response ends in one (white "
        "space after it goes too); `_reader` in `meta` has what was taken off. Default: none, texts stay as they are.",
    )

    def detection(self) -> Detection:
        """What `discover` is to be told; a file that is read with a template is taken for a table."""
        told = self.format or ("task_table" if self.template is not None else None)
        return {"format": told, "max_record_bytes": self.max_record_bytes}

    @field_validator("end_of_text")
    @classmethod
    def _marks(cls, marks: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := next((mark for mark in marks if mark != mark.strip()), None):
            raise ValueError(f"{wrong!r} has white space at an end, where none is looked for")
        if "" in marks:
            raise ValueError("a mark is empty, and every text ends in that")
        if len(set(marks)) < len(marks):
            raise ValueError("a mark is named twice")
        return marks

    @field_validator("template_sha256")
    @classmethod
    def _fingerprint(cls, given: str | None, info: ValidationInfo) -> str | None:
        """The template's hash, so that whatever is kept by the options is kept by its content too."""
        template = info.data.get("template")
        return given if given is not None or template is None else template_digest(template)
