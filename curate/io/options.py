"""How inputs are read: the `read` section of a pipeline file."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ReadOptions(BaseModel):
    """Parameters of the readers; all that can change what is read from the same bytes."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    format: str | None = Field(None, description="Record format of every input; default: detected for each file.")
    seed: int | None = Field(None, ge=0, lt=2**63, description="Seed of the readers' choices; default: the pipeline's.")
    max_record_bytes: int = Field(
        8 * 1024 * 1024, ge=1024, description="A longer record is rejected without being held in memory."
    )
