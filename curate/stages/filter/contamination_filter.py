"""The stage `contamination_filter`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from curate.algorithms.overlap import NGRAM, Index, Run, build, hits, longest
from curate.encoders import encode, get_encoder
from curate.fingerprints import Rows, load, rows_of
from curate.schema import FIELD
from curate.stage import Reference, Selection, Selector, Shards, verdict_frame

#: Characters of text that are taken apart at once.
_BLOCK: Final = 1 << 23
#: An item's field with fewer words may well be somebody else's question, too.
_WHOLE: Final = 5
#: Words of a shared run that are shown from either end of it.
_SHOWN: Final = 20
_SIDES: Final = ("instruction", "response")
_FACTS: Final = {
    "row": pl.UInt64(),
    "words": pl.UInt32(),
    "reason": pl.String(),
    "also": pl.List(pl.String()),
    "value": pl.String(),
}


@dataclass(frozen=True, slots=True)
class _Set:
    """Items to compare with: their index, names, and the fields that are requests in themselves."""

    index: Index
    items: tuple[str, ...]
    whole: Mapping[tuple[int, ...], int]


class ContaminationFilter(Selector):
    """Drops examples that share a long run of words with an item of an evaluation set.

    `against` names the evaluation sets: files, folders, patterns or URLs of JSON, JSON lines, CSV or Parquet, with
    any fields (all texts of a record are its item), and every dump that the readers know. `fingerprints` names lists of
    hashed n-grams, which hold no text: a path, or the name of a list that ships with the package. That is
    `humaneval`, the 164 problems of HumanEval (MIT), with their solutions and tests. Lists of other sets are made
    from their files with `tools/make_fingerprints.py`; few may be handed on. Code has idioms: of 106,942 records of
    public dumps 7 share 13 words with a problem of HumanEval, all of them in a test for primes or Heron's formula.

    Instruction and response are each compared with all of an item, its question as well as its answers. Words are
    runs of letters and digits in lower case; punctuation and symbols only separate them; in scripts without spaces
    between words each character counts as one. An example is dropped

    - if its instruction (`contaminated_instruction`) or response (`contaminated_response`) shares `words` or more
      words in a row with an item;
    - if its instruction has the very words of a field of an item, and at least 5 of them (`eval_instruction`), so
      that short questions are found as well;
    - with `min_cosine`: if its instruction is that near to an item in the vectors of `encoder` (`near_eval_item`).
      Paraphrases are found this way, and other questions about the same thing, so look at what it drops.

    The evidence is the length of the longest shared run, the run itself and the item: its file and line, and the
    item's own id where it has one. Of all examples `contamination_words` tells the length of the longest run; it is 0
    where that is below 8 words, the shortest that is looked for. A run of 8 words all of which but three are numbers
    or repeated says nothing and does not count. Against `fingerprints` a run is one of 8-grams that one item has,
    in whatever order, and items of fewer than 8 words cannot be found.

    Why: a model that was trained on the test is not measured by it, and crawled or pooled instruction data often holds
    test items. 13 words find copies and little else; 8 or 10 find more copies with small changes, and quotations,
    proverbs and common phrases with them. What has been reworded, translated or spread over turns is not found.

    Example
    -------
    ```yaml
    - stage: contamination_filter
      against: [evals/test.jsonl]
      words: 13
    ```

    References
    ----------
    - Chen et al. (2021), *Evaluating Large Language Models Trained on Code*: HumanEval.
    - Brown et al. (2020), *Language Models are Few-Shot Learners*, appendix C: 13-grams of words in lower case.
    - Chowdhery et al. (2022), *PaLM*, section 8: 8-grams; Touvron et al. (2023), *Llama 2*, appendix A.6: runs of
      more than 10 tokens, and their extension.
    - Yang et al. (2023), *Rethinking Benchmark and Contamination for Language Models with Rephrased Samples*: what
      n-grams do not find, and neighbours by vectors.
    """

    stage: Literal["contamination_filter"] = "contamination_filter"

    reads: ClassVar[tuple[str, ...]] = _SIDES
    writes: ClassVar[Mapping[str, pl.DataType]] = {"contamination_words": pl.UInt32()}
    reasons: ClassVar[Mapping[str, str]] = {
        "contaminated_instruction": "The instruction shares a long run of words with an item of an evaluation set.",
        "contaminated_response": "The response shares a long run of words with an item of an evaluation set.",
        "eval_instruction": "The instruction has the very words of an item of an evaluation set.",
        "near_eval_item": "The instruction means nearly the same as an item of an evaluation set.",
    }
    references: ClassVar[Mapping[str, Literal["examples", "records"]]] = {"against": "records"}

    against: tuple[str, ...] = Field((), description="Evaluation sets: files, folders, patterns or URLs.")
    fingerprints: tuple[str, ...] = Field((), description="Lists of hashed n-grams: names of shipped ones, or paths.")
    words: int = Field(
        13,
        ge=NGRAM,
        description="Least length, in words, of a shared run. In use are 8 (PaLM), 10 (Llama 2) and 13 (GPT-3). "
        "Default: Brown et al. (2020).",
    )
    min_cosine: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Least cosine of an instruction and an item in `against` that counts as near. Default: vectors are "
        "not looked at.",
    )
    encoder: str = Field("static", min_length=1, description="Encoder of these vectors, as of the stage `embedding`.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.against and not self.fingerprints:
            raise ValueError("name an evaluation set in `against`, or a list in `fingerprints`")
        if self.min_cosine is not None and not self.against:
            raise ValueError("`min_cosine` needs an evaluation set in `against`; fingerprints have no vectors")
        return self

    def content_key(self) -> Mapping[str, Any]:
        """Adds the hashes of the lists, and the encoder's name with the hash of its model."""
        key = {**super().content_key(), "lists": [load(name).sha256 for name in self.fingerprints]}
        return key if self.min_cosine is None else {**key, "model": get_encoder(self.encoder).name}

    def verdict(self, shards: Shards) -> Selection:
        """Drop what shares too long a run with an item, or is too near to one."""
        sets = [
            _Set(one.index, tuple(f"{one.name} {item}" for item in one.items), {})
            for one in map(load, self.fingerprints)
        ]
        vectors = None
        if reference := self.reference("against"):
            texts, items = _texts(reference)
            sets.insert(0, _set_of(texts, items))
            if self.min_cosine is not None:
                vectors = self._encode(texts.str.replace_all(FIELD, "\n"))
        given = shards.share((tuple(sets), vectors))

        def facts(frame: pl.DataFrame) -> pl.DataFrame:
            parts = [self._facts(block, *given) for block in _blocks(frame)]
            return pl.concat([pl.DataFrame(schema=_FACTS), *parts])

        found = shards.map(facts).collect()
        verdict = verdict_frame(
            found["row"],
            keep=found["reason"].is_null(),
            reason=found["reason"],
            value=found["value"],
            columns={"contamination_words": found["words"]},
        )
        return Selection(verdict.with_columns(also=found["also"]))

    def _facts(self, frame: pl.DataFrame, sets: tuple[_Set, ...], vectors: NDArray[np.float32] | None) -> pl.DataFrame:
        """The longest run, the reasons and the evidence of each row."""
        best = np.zeros(frame.height, dtype=np.uint32)
        reasons: list[list[tuple[str, str]]] = [[] for _ in range(frame.height)]
        for side in _SIDES:
            rows = rows_of(frame[side])
            for row, run, item in self._runs(rows, sets):
                best[row] = max(best[row], run.words)
                if run.words >= self.words:
                    shown = _shown(rows.lists[row][run.start : run.start + run.words].to_list())
                    reasons[row].append((f"contaminated_{side}", f'{run.words} words: "{shown}" = {item}'))
            if side == "instruction":
                for row, item in _wholes(rows, sets):
                    reasons[row].append(("eval_instruction", f'"{_shown(rows.lists[row].to_list())}" = {item}'))
        if vectors is not None:
            for row, cosine, at in self._near(frame["instruction"], vectors):
                reasons[row].append(("near_eval_item", f"cosine {cosine:.4f} = {sets[0].items[at]}"))
        facts = {
            "row": frame["row"],
            "words": best,
            "reason": [r[0][0] if r else None for r in reasons],
            "also": [[name for name, _ in r[1:]] for r in reasons],
            "value": [r[0][1] if r else None for r in reasons],
        }
        return pl.DataFrame(facts, schema=_FACTS)

    @staticmethod
    def _runs(rows: Rows, sets: tuple[_Set, ...]) -> Iterator[tuple[int, Run, str]]:
        """Each row that shares a run with an item, its longest, and the item's name; of the first set among equals."""
        found: dict[int, tuple[Run, str]] = {}
        for one in sets:
            at, entries = hits(one.index, rows.words, rows.offsets)
            owner = np.searchsorted(rows.offsets, at, side="right") - 1
            cuts = np.flatnonzero(np.diff(owner, prepend=-1, append=-1))
            for low, high in pairwise(cuts.tolist()):
                row = int(owner[low])
                begin, end = rows.offsets[row : row + 2].tolist()
                mine = rows.words[begin:end]
                run = longest(one.index, mine, (at[low:high] - begin).tolist(), entries[low:high].tolist())
                if row not in found or run.words > found[row][0].words:
                    found[row] = run, one.items[run.item]
        for row, (run, item) in sorted(found.items()):
            yield row, run, item

    def _encode(self, texts: pl.Series) -> NDArray[np.float32]:
        return encode(get_encoder(self.encoder), texts.to_list()).astype(np.float32)

    def _near(self, texts: pl.Series, items: NDArray[np.float32]) -> Iterator[tuple[int, float, int]]:
        """Each row that is near an item, the cosine, and the first of the nearest items."""
        assert self.min_cosine is not None
        mine = self._encode(texts)
        # Products of int8 vectors are exact in float32, so no order of summation changes a digit.
        norms = np.sqrt(np.maximum((items.astype(np.float64) ** 2).sum(axis=1), 1))
        for low in range(0, len(mine), 1024):
            part = mine[low : low + 1024]
            own = np.sqrt(np.maximum((part.astype(np.float64) ** 2).sum(axis=1), 1))
            cosines = (part @ items.T).astype(np.float64) / own[:, None] / norms
            nearest = cosines.argmax(axis=1)
            for row, at in enumerate(nearest.tolist()):
                if cosines[row, at] >= self.min_cosine:
                    yield low + row, float(cosines[row, at]), at


def _texts(reference: Reference) -> tuple[pl.Series, tuple[str, ...]]:
    """Each item's texts as one, and the item's name."""
    whole = pl.concat(list(reference.frames(["instruction", "response", "file", "line", "meta"])))
    own = pl.col("meta").str.json_path_match("$.item")
    place = pl.format("{}:{}", "file", "line")
    parts = whole.select(
        pl.concat_str("instruction", "response", separator=FIELD).alias("text"),
        pl.when(own.is_null()).then(place).otherwise(pl.format("{} ({})", place, own.str.head(60))).alias("name"),
    )
    return parts["text"], tuple(parts["name"].to_list())


def _set_of(texts: pl.Series, items: tuple[str, ...]) -> _Set:
    rows = rows_of(texts)
    fields = texts.str.split(FIELD)
    at = pl.DataFrame({"item": range(len(texts)), "field": fields}, schema_overrides={"item": pl.Int64}).explode(
        "field"
    )
    apart = rows_of(at["field"])
    whole: dict[tuple[int, ...], int] = {}
    for item, (begin, end) in zip(at["item"].to_list(), pairwise(apart.offsets.tolist()), strict=True):
        if end - begin >= _WHOLE:
            whole.setdefault(tuple(apart.words[begin:end].tolist()), item)
    return _Set(build(rows.words, rows.number, rows.offsets), items, whole)


def _wholes(rows: Rows, sets: tuple[_Set, ...]) -> Iterator[tuple[int, str]]:
    """Rows that have the very words of an item's field, and the item's name."""
    sizes = {len(words) for one in sets for words in one.whole}
    for row, (begin, end) in enumerate(pairwise(rows.offsets.tolist())):
        if end - begin in sizes:
            mine = tuple(rows.words[begin:end].tolist())
            found = next((one.items[one.whole[mine]] for one in sets if mine in one.whole), None)
            if found is not None:
                yield row, found


def _blocks(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """`frame` in slices of about `_BLOCK` bytes of text."""
    size = frame.select(pl.sum_horizontal(pl.col(_SIDES).str.len_bytes().cast(pl.Int64))).to_series()
    block = size.cum_sum().to_numpy() // _BLOCK
    for low, high in pairwise(np.flatnonzero(np.diff(block, prepend=-1, append=-1)).tolist() if block.size else ()):
        yield frame.slice(low, high - low)


def _shown(words: list[str]) -> str:
    if len(words) <= 2 * _SHOWN:
        return " ".join(words)
    return f"{' '.join(words[:_SHOWN])} … {' '.join(words[-_SHOWN:])}"
