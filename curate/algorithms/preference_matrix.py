"""The features of many records at once, out of what `preference_counts` counts."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from curate.algorithms import preference_features as plain
from curate.algorithms.plain import FEW, FEW_BYTES
from curate.algorithms.preference_counts import COUNTS, counted
from curate.algorithms.texts import ArrowStream, Texts, texts


def feature_matrix(instruction: ArrowStream, response: ArrowStream) -> npt.NDArray[np.float64]:
    """The features of n records, as `preference_features.features` gives them: float64 of shape (n, 31).

    Parameters
    ----------
    instruction, response : columns of texts.
    """
    asked, said = texts(instruction), texts(response)
    if len(said) <= FEW and asked.size.sum() + said.size.sum() <= FEW_BYTES:
        rows = [plain.features(asked.bytes(row).decode(), said.bytes(row).decode()) for row in range(len(said))]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(plain.FEATURES))
    return compiled(asked, said)


def compiled(asked: Texts, said: Texts) -> npt.NDArray[np.float64]:
    """As `feature_matrix`, by compiled loops however few the records are."""
    counts = counted(asked, said)
    out = _features(dict(zip(COUNTS, counts.T, strict=True)))
    for row in np.flatnonzero(counts[:, COUNTS.index("odd")]).tolist():
        out[row] = plain.features(asked.bytes(row).decode(), said.bytes(row).decode())
    return out


def _log_share(count: npt.NDArray[np.int64], cap: int) -> npt.NDArray[np.float64]:
    # By a table of the C library's logarithms: numpy's own differ from those in the last bit.
    table = np.array([plain.log_share(number, cap) for number in range(cap + 1)])
    out: npt.NDArray[np.float64] = table[np.minimum(count, cap)]
    return out


def _share(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    out: npt.NDArray[np.float64] = part / np.maximum(whole, 1)
    return out


def _features(c: dict[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.float64]:
    words = c["words"]
    asks = {name: (c["asks"] >> bit & 1).astype(np.float64) for bit, name in enumerate(plain.ASKS)}
    short, excess = (
        _log_share(words, plain.SHORT_CAP),
        _log_share(np.maximum(words - plain.LABEL_WORDS, 0), plain.LONG_CAP),
    )
    spread = words / np.maximum(c["sentences"], 1)
    listed = (c["items"] >= 2).astype(np.float64)
    copied = _share(c["known_grams"], words - 3)
    values = {
        "empty": (words == 0).astype(np.float64),
        "length_80": short,
        "length_200": _log_share(words, plain.LONG_CAP),
        **{f"length_80_if_{name}_asked": short * asks[name] for name in ("long", "short", "label")},
        **{f"excess_if_{name}_asked": excess * asks[name] for name in ("long", "short", "label")},
        "paragraphs": np.array([math.log1p(number) for number in range(7)])[np.minimum(c["paragraphs"], 6)],
        "lines": _log_share(c["lines"], 12),
        "new_words_60": _log_share(c["new"], 60),
        "new_words_15": _log_share(c["new"], 15),
        "repeated_lines": _share(c["copied_lines"], c["lines"]),
        "repeated_sentences": _share(c["copied_sentences"], c["sentences"]),
        "repeated_openings": _share(c["copied_openings"], c["openings"]),
        "repeated_trigrams": _share(c["copied_trigrams"], words - 2),
        "copied": copied,
        "copied_if_edit_asked": copied * asks["edit"],
        "echo": _share(c["echoed"], c["content"]),
        "coverage": _share(c["shared"], c["given"]),
        "ended": c["ended"],
        "cut_off": c["cut"],
        "placeholder": c["placeholder"],
        "refusal": c["refusal"],
        "function_words": _share(words - c["content"], words),
        "sentence_length": [plain.log_share(ratio, 40) for ratio in spread.tolist()],
        "word_length": np.minimum(_share(c["letters"], words), 8) / 8,
        "list": listed,
        "list_share": _share(c["items"], c["lines"]),
        "list_if_asked": listed * asks["list"],
    }
    return np.array([values[name] for name in plain.FEATURES], np.float64).T.copy()
