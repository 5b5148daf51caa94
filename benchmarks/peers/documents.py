"""The documents that all programs are given, one JSON line each: `{"id": 0, "text": "…"}`.

Programs that split texts into words each in their own way have other n-grams, and then neither their answers nor their
times can be compared. So the texts are normalised first: words in lower case with single spaces between them. On these
nearly every way of splitting gives the same words: spaCy still divides some (`cannot`), and text-dedup cuts words at
combining marks.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from curate.algorithms.folding import UNSPACED
from curate.io import discover, read

ROOT = Path(__file__).resolve().parents[2]
REAL_DATA = ROOT.parent / "shared" / "data" / "raw"
SAMPLE = ROOT / "sample_data" / "raw"

#: Documents with fewer words have no n-gram, and programs treat them in different ways.
MIN_WORDS = 5


class _Fold(dict[int, str]):
    """What each code point becomes; filled in as code points are met."""

    def __missing__(self, point: int) -> str:
        character = chr(point)
        if unicodedata.category(character)[0] not in "LMN" or 0xFE00 <= point <= 0xFE0F:
            folded = " "
        else:
            folded = character.lower()[0]
            if any(first <= point <= last for first, last in UNSPACED):
                folded = f" {folded} "
        self[point] = folded
        return folded


_FOLD = _Fold()


def normalised(text: str) -> str:
    """Words of letters, marks and digits in lower case, a space between two; in unspaced scripts, code points."""
    return " ".join(text.translate(_FOLD).split())


def real_texts(folder: Path | None = None) -> tuple[list[str], str]:
    """Instruction and response, a line between them, of all records of a folder of dumps, and the folder's name.

    Default: `../shared/data/raw`, or the sample data where that is absent.
    """
    folder = folder or (REAL_DATA if REAL_DATA.is_dir() else SAMPLE)
    texts: list[str] = []
    for file in discover([str(folder)]).files:
        for batch in read(file):
            pairs = zip(batch.frame["instruction"], batch.frame["response"], strict=True)
            texts.extend(f"{instruction}\n{response}" for instruction, response in pairs)
    return texts, folder.name if folder == SAMPLE else "shared/data/raw"


def write_documents(path: Path, texts: Iterable[str]) -> None:
    """One JSON line for each text, ids from 0 on."""
    with path.open("w", encoding="utf-8") as out:
        for row, text in enumerate(texts):
            out.write(json.dumps({"id": row, "text": text}, ensure_ascii=False) + "\n")
