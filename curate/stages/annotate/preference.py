"""The stage `preference`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl

from curate.algorithms.preference_model import shipped
from curate.stage import Annotator


class Preference(Annotator):
    """Estimates how likely a person is to prefer the response to an average one.

    `preference`, 0 to 1, is the probability, by a Bradley-Terry model with 31 weights, that the response is preferred
    to the average response of the models it was fitted on. The model sees only the form of the texts: length up to a
    cap, lines and paragraphs, words that the instruction does not have, repetition, copying, placeholders, how it ends,
    and whether the instruction asks for a label, something short, prose, a list or an edit. It knows nothing of whether
    an answer is right. An empty response gets a low number, not null. Word lists are English; in other languages only
    the features that need none tell responses apart.

    The weights are readable in `curate/assets/preference/preference.json`, with the data, its licence and these figures
    (`python benchmarks/preference.py` makes them again). On PandaLM's 894 human comparisons, cross-validated with all
    pairs of an instruction in one fold, the preferred response has the higher score in 74% of the pairs, and in 63% of
    those where the shorter one was preferred; the longer response alone gets 67% and 0%. It transfers within limits:
    72% on 805 pairs that GPT-4 judged, 59% on 200 pairs of LLMEval² (length alone: 71% and 61%).

    Why: to rank records within a kind of task. It is one taste (that of a few annotators, of answers by 7B models), not
    a measure of truth, helpfulness or worth for training, and longer responses still score higher on the whole. Do not
    choose by it alone: the top of any one score is less varied than the pool.

    Example
    -------
    ```yaml
    - stage: preference
    - stage: score_filter
      by: preference
    ```

    References
    ----------
    - Bradley & Terry (1952), *Rank Analysis of Incomplete Block Designs: I*, Biometrika 39: the model.
    - Wang et al. (2024), *PandaLM: An Automatic Evaluation Benchmark for LLM Instruction Tuning Optimization*, ICLR:
      the human comparisons (Apache-2.0).
    - Dubois et al. (2024), *Length-Controlled AlpacaEval*: why a preference must be told apart from length.
    """

    stage: Literal["preference"] = "preference"
    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    writes: ClassVar[Mapping[str, pl.DataType]] = {"preference": pl.Float64()}

    def content_key(self) -> Mapping[str, Any]:
        """Adds the hash of the weights."""
        return {**super().content_key(), "model": shipped().sha256}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`preference`, one number per row."""
        from curate.algorithms.preference_matrix import feature_matrix

        matrix = feature_matrix(frame["instruction"], frame["response"])
        # Six digits: the last ones of an exponential differ from one C library to another.
        return pl.DataFrame({"preference": shipped().probability(matrix).round(6)})
