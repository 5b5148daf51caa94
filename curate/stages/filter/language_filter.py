"""The stage `language_filter`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field, field_validator

from curate.stage import Filter, Rule


class LanguageFilter(Filter):
    """Keeps records of the languages you want.

    Reads what the stage `language` wrote. A record whose `language` is not in `keep` is dropped as `wrong_language`.
    One that is `und` (code, tables, too few letters), or whose `language_confidence` is below `min_confidence`, is
    kept, unless `keep_undetermined` is false: then it is dropped as `uncertain_language`. The evidence is the
    language and its confidence.

    Why: a model that is to answer in English learns to answer anything in anything from a mixed dump. Code has no
    natural language, and dropping it as "not English" would cost most of a set's code, so undetermined records stay
    by default. Leave the stage out for a multilingual set, and give its balance as quotas by `language` instead.

    Example
    -------
    ```yaml
    - stage: language
    - stage: language_filter
      keep: [en, de]
      keep_undetermined: true
    ```

    References
    ----------
    - langdetect 1.0.9: the codes of its 55 languages.
    """

    stage: Literal["language_filter"] = "language_filter"
    reads: ClassVar[tuple[str, ...]] = ("language", "language_confidence")
    reasons: ClassVar[Mapping[str, str]] = {
        "wrong_language": "The record is in a language that was not asked for.",
        "uncertain_language": "The language could not be told, or not surely enough.",
    }

    keep: list[str] = Field(
        ["en"],
        min_length=1,
        description="Codes of the languages to keep, as langdetect names them.",
    )
    keep_undetermined: bool = Field(
        True,
        description="Whether records are kept whose language cannot be told (code, tables, a few letters) or not "
        "surely enough.",
    )
    min_confidence: float = Field(
        0.9,
        ge=0.0,
        le=1.0,
        description="Confidence, as a probability, below which a record's language counts as undetermined. "
        "Default ours: real prose of a few lines is told with 0.99 and more.",
    )

    @field_validator("keep")
    @classmethod
    def _known(cls, keep: list[str]) -> list[str]:
        from curate.algorithms.language_profiles import known_languages

        known = known_languages()
        for code in keep:
            if code == "und":
                raise ValueError("`und` is no language; set `keep_undetermined` instead")
            if code not in known:
                raise ValueError(f"no language `{code}`{_nearest(code, known)}; known: {', '.join(known)}")
        return keep

    def rules(self) -> list[Rule]:
        """Not a wanted language; then not determined, or not surely enough."""
        language, confidence = pl.col("language"), pl.col("language_confidence")
        undetermined = language == "und"
        unsure = undetermined | (confidence < self.min_confidence)
        evidence = language + " " + confidence.round(4).cast(pl.String)
        return [
            Rule("wrong_language", ~unsure & ~language.is_in(self.keep), evidence),
            Rule("uncertain_language", unsure & (not self.keep_undetermined), evidence),
        ]


def _nearest(code: str, known: tuple[str, ...]) -> str:
    folded = code.strip().lower().replace("_", "-")
    near = [name for name in known if folded == name or name.startswith(f"{folded}-")]
    near = near or [name for name in known if folded.startswith((f"{name}-", name))]
    near = near or difflib.get_close_matches(folded, known, n=1, cutoff=0.5)
    return f"; did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else ""
