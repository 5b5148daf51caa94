"""What a judge is asked, and what counts as its answer."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.errors import ConfigError

#: Why a record is unjudged, with a sentence for a person.
FAILURES: Final[Mapping[str, str]] = {
    "bad_answer": "The answer was not the JSON object that was asked for.",
    "rate_limited": "The endpoint asked for fewer requests (429) until the last try.",
    "server_error": "The endpoint failed (5xx) until the last try.",
    "refused": "The endpoint refused this request (4xx).",
    "denied": "The endpoint does not let this key or model in (401, 403, 404), so it was not asked further.",
    "redirected": "The endpoint sent the request elsewhere (3xx); records go nowhere but where they were meant to go.",
    "timeout": "The answer was not complete in time.",
    "unreachable": "The endpoint could not be reached, or broke off.",
    "deadline": "The time for all records was over.",
    "budget": "The limit of requests or tokens was reached.",
    "too_long": "The conversation has more characters than are sent.",
}


class Answer(BaseModel):
    """What the judge must say, and nothing beside it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    explanation: str = Field(max_length=20_000)
    score: float = Field(allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Judged:
    """A score and its explanation, or why there is none (a key of `FAILURES`)."""

    score: float | None = None
    explanation: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How to ask.

    Parameters
    ----------
    endpoint, model : the base URL and the model's name there.
    key_variable : the environment variable that holds the key; None: none is needed.
    system : the rubric.
    low, high : the scale.
    schema : whether the endpoint is asked to keep to the schema by itself (`response_format`).
    concurrency : requests at the same time. retries : further tries of a request that failed.
    timeout, deadline : seconds for one request, and for all.
    max_requests, max_total_tokens : the budget of a run; None: none.
    answer_tokens : the longest answer.
    """

    endpoint: str
    model: str
    key_variable: str | None
    system: str
    low: float
    high: float
    schema: bool
    concurrency: int
    retries: int
    timeout: float
    deadline: float
    max_requests: int | None
    max_total_tokens: int | None
    answer_tokens: int

    def address(self, content: str) -> str:
        """What an answer is remembered by: all that it is an answer to."""
        asked = [self.endpoint, self.model, self.system, self.low, self.high, self.schema, self.answer_tokens, content]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    def key(self) -> str:
        """The key out of the environment.

        Raises
        ------
        ConfigError : the variable is not set.
        """
        if self.key_variable is None:
            return "none"
        if not (key := os.environ.get(self.key_variable)):
            raise ConfigError(f"the environment variable {self.key_variable} is not set; it holds the judge's key "
                              "(where none is needed, name no variable)")  # fmt: skip
        return key


def parse(text: str | bytes, plan: Plan) -> Judged | None:
    """The judgement in a JSON text; None where it is not exactly what was asked for."""
    try:
        answer = Answer.model_validate_json(text, strict=True)
    except ValidationError:
        return None
    return Judged(answer.score, answer.explanation) if plan.low <= answer.score <= plan.high else None


def schema(plan: Plan) -> dict[str, Any]:
    """The JSON Schema of an answer, for endpoints that keep to one."""
    score = {"type": "number", "minimum": plan.low, "maximum": plan.high}
    return {
        "type": "object",
        "properties": {"explanation": {"type": "string"}, "score": score},
        "required": ["explanation", "score"],
        "additionalProperties": False,
    }
