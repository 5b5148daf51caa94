"""Evaluation items as hashed word n-grams: made from texts, or loaded from a file that holds hashes and no text."""

from __future__ import annotations

import difflib
import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.algorithms.overlap import Index, Places, Words, build, word_hash
from curate.errors import ConfigError

#: Shipped lists lie here, each a file `NAME.npz` beside a card.
FOLDER: Final = Path(__file__).parent / "assets" / "fingerprints"
#: Raised whenever words or hashes are made otherwise than before.
FORMAT: Final = 1

_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
#: A word: a run of letters, marks and digits; in scripts without spaces between words, one character.
_WORD: Final = rf"[{_UNSPACED}]|[\p{{L}}\p{{M}}\p{{N}}&&[^{_UNSPACED}]]+"
_NUMBER: Final = r"^\p{N}+$"


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts as rows of words.

    Parameters
    ----------
    words : uint64 (n,) hashes of all rows' words, one after the other.
    number : (n,) whether each word is a number.
    offsets : int64 (rows + 1,) where each row begins.
    lists : List(String) (rows,) the words themselves.
    """

    words: Words
    number: NDArray[np.bool_]
    offsets: Places
    lists: pl.Series


def rows_of(texts: pl.Series) -> Rows:
    """The words of each text: in Unicode's form NFKC, in lower case, without punctuation and symbols."""
    lists = texts.str.normalize("NFKC").str.to_lowercase().str.extract_all(_WORD)
    flat = lists.explode(empty_as_null=False).drop_nulls().alias("word")
    known = flat.unique().sort()
    hashes = pl.Series([word_hash(word) for word in known], dtype=pl.UInt64)
    table = pl.DataFrame({"word": known, "hash": hashes, "number": known.str.contains(_NUMBER)})
    joined = flat.to_frame().join(table, on="word", how="left", maintain_order="left")
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(lists.list.len().to_numpy(), out=offsets[1:])
    return Rows(joined["hash"].to_numpy(), joined["number"].to_numpy(), offsets, lists)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """A list of hashed n-grams.

    Parameters
    ----------
    name : of the list.
    index : an index without texts.
    items : the name of each item.
    sha256 : of the file.
    """

    name: str
    index: Index
    items: tuple[str, ...]
    sha256: str


def shipped() -> list[str]:
    """The names of the lists that ship with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.npz"))


def pack(items: pl.Series, names: list[str]) -> bytes:
    """The file of a list: NumPy's `.npz` with `format`, `hashes` (uint64, sorted), `items` (int64) and `names`.

    Parameters
    ----------
    items : (n,) the texts.
    names : (n,) what each item is called in evidence.
    """
    rows = rows_of(items)
    index = build(rows.words, rows.number, rows.offsets, texts=False)
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        format=np.array(FORMAT),
        hashes=index.hashes,
        items=index.places,
        names=np.frombuffer("\n".join(names).encode(), dtype=np.uint8),
    )
    return buffer.getvalue()


def load(name: str) -> Fingerprints:
    """A list by its name, if it ships with the package, or by the path of its file.

    Raises
    ------
    ConfigError : there is no such list, or the file is none.
    """
    path = FOLDER / f"{name}.npz" if name in shipped() else Path(name)
    try:
        data = path.read_bytes()
    except OSError:
        near = difflib.get_close_matches(name, shipped(), n=1)
        known = f"shipped are {', '.join(shipped())}" if shipped() else "none is shipped"
        hint = f"did you mean `{near[0]}`?" if near else known
        raise ConfigError(f"fingerprints {name}: no such list or file; {hint}") from None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            if int(file["format"]) != FORMAT:
                raise ConfigError(f"fingerprints {name}: of format {int(file['format'])}, not {FORMAT}; make it again")
            hashes, places = file["hashes"].astype(np.uint64), file["items"].astype(np.int64)
            names = tuple(file["names"].tobytes().decode().split("\n"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"fingerprints {name}: not a file of tools/make_fingerprints.py: {error}") from None
    whole = len(hashes) == len(places) and (hashes[1:] >= hashes[:-1]).all()
    if not whole or (len(places) and not 0 <= places.min() <= places.max() < len(names)):
        raise ConfigError(f"fingerprints {name}: not a file of tools/make_fingerprints.py: its arrays do not fit")
    index = Index(hashes, places, None, np.arange(len(names) + 1, dtype=np.int64))
    return Fingerprints(path.stem, index, names, hashlib.sha256(data).hexdigest())
