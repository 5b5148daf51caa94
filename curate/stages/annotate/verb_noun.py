"""The stage `verb_noun`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl

from curate.algorithms.verb_noun import verb_noun
from curate.stage import Annotator


class VerbNoun(Annotator):
    """Names the root verb of the instruction and that verb's object, as `write` and `story`.

    A light rule for English, no parser: polite phrases and a leading clause ("Given the text below, ...") are put
    aside, the first word that can be a verb of an order is the root, and the head of the noun phrase after it is the
    object, both as lemmas. Up to three sentences are tried. `verb` and `noun` are null for questions, statements and
    other languages; `noun` alone is null where the verb has no object ("Explain why ..."). On 187 instructions that we
    labelled by hand, 185 pairs are right (`tests/algorithms/test_verb_noun.py`).

    Why: the spread of verbs and objects shows at a glance what a set asks for, and what it does not. It is a picture
    for an audit; as a measure of diversity it sees no questions and no subject matter.

    Example
    -------
    ```yaml
    - stage: verb_noun
    ```

    References
    ----------
    - Wang et al. (2023), *Self-Instruct: Aligning Language Models with Self-Generated Instructions*, ACL, figure 2: the
      root verb and its direct object of each instruction, there by the Berkeley Neural Parser.
    """

    stage: Literal["verb_noun"] = "verb_noun"
    reads: ClassVar[tuple[str, ...]] = ("instruction",)
    writes: ClassVar[Mapping[str, pl.DataType]] = {"verb": pl.String(), "noun": pl.String()}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`verb` and `noun` of each row."""
        found = [verb_noun(text) for text in frame["instruction"].to_list()]
        return pl.DataFrame(
            {"verb": [f.verb for f in found], "noun": [f.noun for f in found]}, schema=dict(self.writes)
        )
