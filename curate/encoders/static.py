"""The bundled encoder: static word-piece vectors, mean-centred; needs neither torch nor a network."""

from __future__ import annotations

import ctypes
import functools
import hashlib
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.algorithms.parallel import thread_map, threads
from curate.algorithms.texts import Texts
from curate.algorithms.texts import texts as arrow_texts
from curate.encoders.base import Vectors
from curate.errors import EncoderError
from curate.text import word_count

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from curate.algorithms.pooling import PieceVectors
    from curate.algorithms.wordpiece import Pieces

FOLDER: Final = Path(__file__).parents[1] / "assets" / "static_minilm_256"
#: SHA-256 of the shipped files, in this order: the vectors, the vocabulary.
FILES: Final[dict[str, str]] = {
    "model.safetensors": "81cfc2d08b207d13140e6a227349460b28aad8606b7a8796d4cbe92fd4608eb5",
    "vocab.txt": "2154fe433507696463956bfdd3e6f74a8413e13f3f73e0e10d1b0565b958628d",
}
#: What is read of a text: so many word pieces of so many characters.
MAX_PIECES: Final = 512
MAX_CHARS: Final = 8 * MAX_PIECES
#: The tokenizer of `StaticEncoder.count`, for people.
PIECES: Final = "WordPiece of BERT uncased (the vocabulary of all-MiniLM-L6-v2)"

#: Chunks beyond ASCII whose pieces are remembered, about, and how long they may be: some 50 MB.
_REMEMBERED: Final = 200_000
_REMEMBERED_CHARS: Final = 40


class StaticEncoder:
    """Word-piece vectors distilled from all-MiniLM-L6-v2, summed, centred by a constant mean.

    The vector of a word piece is the transformer's output for that piece alone, reduced by PCA and weighted by SIF
    (Arora et al. 2017) with Zipf's law for frequencies; a text is the mean of its pieces (Tulkens & van Dongen 2024,
    *Model2Vec: Fast State-of-the-Art Static Embeddings*). The mean over reference instructions is taken off, because
    instructions share much of their wording, and what tells them apart would drown in it.
    `assets/static_minilm_256/README.md` says how the vectors were made.

    Parameters
    ----------
    folder : where `model.safetensors` and `vocab.txt` lie.
    hashes : SHA-256 of each file, checked when it is read.
    """

    slow: Final = False

    def __init__(self, folder: Path = FOLDER, hashes: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._hashes = FILES if hashes is None else hashes
        self._known: dict[str, list[int]] = {}
        both = hashlib.sha256("".join(self._hashes[name] for name in FILES).encode()).hexdigest()
        self.name: Final = f"static_minilm_256@{both[:12]}"

    @property
    def dimensions(self) -> int:
        """256: the number of principal components kept."""
        return int(self._vectors.pieces.shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """int8 of shape (n, 256); of each text, the first 512 word pieces of its first 4,096 characters."""
        return self.encode_column(pl.Series(list(texts), dtype=pl.String))

    def encode_column(self, texts: pl.Series) -> Vectors:
        """`encode` of a column, in as many threads as there are; where each text lies, it is cut and summed."""
        from curate.algorithms.plain import FEW, FEW_BYTES
        from curate.algorithms.pooling import is_ready, pool_plain

        column = arrow_texts(texts)
        if len(column) <= FEW and column.size.sum() <= FEW_BYTES and not is_ready():
            read = texts.str.head(MAX_CHARS).fill_null("").to_list()
            found = self._tokenizer.encode_batch_fast(read, add_special_tokens=False)
            few: Vectors = pool_plain([one.ids for one in found], self._vectors)
            return few
        cuts = np.linspace(0, len(column), threads() + 1).astype(np.int64).tolist()
        parts = thread_map(lambda part: self._pooled(column, *part), list(pairwise(cuts)))
        vectors: Vectors = np.concatenate(parts)
        return vectors

    def encode_halves(self, texts: pl.Series) -> Vectors:
        """int8 of shape (3, n, 256): `encode_column` of n texts, of their first halves and of their second halves.

        The second half of a text of an odd number of characters is the longer one.
        """
        column = arrow_texts(texts)
        cuts = np.linspace(0, len(column), threads() + 1).astype(np.int64).tolist()
        parts = thread_map(lambda part: self.pooled_halves(column, *part), list(pairwise(cuts)))
        vectors: Vectors = np.concatenate([vectors for vectors, _ in parts], axis=1)
        left = np.concatenate([left for _, left in parts])
        rest = texts.filter(pl.Series(left)).to_frame("text").lazy()
        whole, half = pl.col("text"), pl.col("text").str.len_chars() // 2
        sides = rest.select(whole, head=whole.str.slice(0, half), tail=whole.str.slice(half.cast(pl.Int64))).collect()
        for i, side in enumerate(sides):
            vectors[i, left] = self.encode_column(side)
        return vectors

    def pooled_halves(self, column: Texts, begin: int, end: int) -> tuple[Vectors, npt.NDArray[np.bool_]]:
        """The vectors of those texts that can be halved as they lie, and which cannot."""
        from curate.algorithms.pooling import pool_halves
        from curate.algorithms.wordpiece import middles

        at, size = column.at[begin:end], column.size[begin:end]
        places = np.zeros((len(at), 3), dtype=np.int64)
        middles(at, size, MAX_CHARS, places)
        left = places[:, 0] < 0
        known = np.flatnonzero(~left)
        at, size = at[known], size[known]
        read, odd = self._odd(at, size)
        vectors: Vectors = np.zeros((3, len(left), self.dimensions), dtype=np.int8)
        vectors[:, known] = pool_halves(at, read, places[known], MAX_PIECES, self._table, odd, self._vectors)
        return vectors, left

    def _pooled(self, column: Texts, begin: int, end: int) -> Vectors:
        from curate.algorithms.pooling import pool_texts

        at = column.at[begin:end]
        read, odd = self._odd(at, column.size[begin:end])
        pooled: Vectors = pool_texts(at, read, MAX_PIECES, self._table, odd, self._vectors)
        return pooled

    def _odd(
        self, at: npt.NDArray[np.int64], size: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]]:
        """How many bytes of each text are read, and the pieces of the chunks in them that are beyond ASCII."""
        read, chunks = _odd_chunks(at, size, MAX_CHARS)
        pieces = self._pieces(chunks)
        ids = np.fromiter(chain.from_iterable(pieces), dtype=np.int32)
        begins = np.concatenate([[0], np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)))]).astype(np.int64)
        return read, (ids, begins)

    def _pieces(self, chunks: Sequence[str], *, whole: bool = False) -> list[list[int]]:
        """The pieces of each chunk; those of the chunks of earlier texts are remembered.

        With `whole` all pieces of a chunk, however many.
        """
        known = self._known
        if len(known) > _REMEMBERED:
            known = self._known = {}
        tokenizer = self._whole_tokenizer if whole else self._tokenizer
        new = list({chunk for chunk in chunks if chunk not in known})
        cut = {
            chunk: found.ids
            for chunk, found in zip(new, tokenizer.encode_batch_fast(new, add_special_tokens=False), strict=True)
        }
        pieces = [known[chunk] if chunk in known else cut[chunk] for chunk in chunks]
        # A chunk so short is never cut off.
        known.update((chunk, ids) for chunk, ids in cut.items() if len(chunk) <= _REMEMBERED_CHARS)
        return pieces

    def count(self, texts: pl.Series) -> npt.NDArray[np.int64]:
        """How many word pieces and how many words each text of a column has, int64 (n, 2), all of it counted.

        `PIECES` names the tokenizer; words are those of `curate.text.word_count`. A text that is null has none.
        """
        from curate.algorithms.plain import FEW, FEW_BYTES

        column = arrow_texts(texts)
        if len(column) <= FEW and column.size.sum() <= FEW_BYTES:
            return self._counts(texts.fill_null("").to_list())
        cuts = np.linspace(0, len(column), threads() + 1).astype(np.int64).tolist()
        return np.concatenate(thread_map(lambda part: self.counted(column, *part), list(pairwise(cuts))))

    def counted(self, column: Texts, begin: int, end: int) -> npt.NDArray[np.int64]:
        """`count` of the texts from `begin` to `end`."""
        from curate.algorithms.wordpiece import count, counting

        at, size = column.at[begin:end], column.size[begin:end]
        _, chunks = _odd_chunks(at, size, 2**62)
        places = {chunk: place for place, chunk in enumerate(dict.fromkeys(chunks))}
        odd = self._counts(list(places))[np.fromiter((places[chunk] for chunk in chunks), np.int64, len(chunks))]
        out = np.zeros((len(at), 2), np.int64)
        count(at, size, self._table, odd, counting(), out)
        return out

    def _counts(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """Pieces and words of each text, by the tokenizer itself."""
        pieces = np.fromiter(map(len, self._pieces(texts, whole=True)), np.int64, len(texts))
        words = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)}).select(word_count(pl.col("text")))
        return np.stack([pieces, words.to_series().to_numpy().astype(np.int64)], axis=1)

    def _read(self, name: str) -> bytes:
        path = self._folder / name
        remedy = "reinstall curate-sft"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise EncoderError(f"encoder static: cannot read {path}: {error.strerror}; {remedy}") from error
        found = hashlib.sha256(content).hexdigest()
        if found != self._hashes[name]:
            raise EncoderError(
                f"encoder static: {path} is damaged (SHA-256 {found[:12]}…, not {self._hashes[name][:12]}…); {remedy}"
            )
        return content

    @cached_property
    def _vectors(self) -> PieceVectors:
        from safetensors.numpy import load

        from curate.algorithms.pooling import PieceVectors

        arrays = load(self._read("model.safetensors"))
        return PieceVectors(arrays["pieces"], arrays["steps"].astype(np.int32), arrays["mean"].astype(np.float64))

    @cached_property
    def _table(self) -> Pieces:
        from curate.algorithms.wordpiece import pieces_of

        return pieces_of(self.vocabulary)

    @property
    def vocabulary(self) -> list[str]:
        """BERT's word pieces in their order, which is about that of their frequency."""
        return self._read("vocab.txt").decode("utf-8").split("\n")[:-1]

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = self._make_tokenizer()
        tokenizer.enable_truncation(MAX_PIECES)
        return tokenizer

    @cached_property
    def _whole_tokenizer(self) -> Tokenizer:
        return self._make_tokenizer()

    def _make_tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer
        from tokenizers.models import WordPiece
        from tokenizers.normalizers import BertNormalizer
        from tokenizers.pre_tokenizers import BertPreTokenizer

        vocab = {word: number for number, word in enumerate(self.vocabulary)}
        tokenizer = Tokenizer(WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))  # noqa: S106 - no password
        # As BERT's uncased tokenizer; special tokens are not added, so that `[PAD]` in a text is plain text.
        tokenizer.normalizer = BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = BertPreTokenizer()
        return tokenizer


@functools.cache
def shipped() -> StaticEncoder:
    """The encoder that comes with the package, loaded once."""
    return StaticEncoder()


def _odd_chunks(
    at: npt.NDArray[np.int64], size: npt.NDArray[np.int64], most: int
) -> tuple[npt.NDArray[np.int64], list[str]]:
    """How many bytes of each text are read, up to `most` characters, and the chunks in them that are beyond ASCII."""
    from curate.algorithms.wordpiece import odd_chunks

    read = np.zeros_like(size)
    places = np.zeros((4 * len(at), 2), dtype=np.int64)
    count = odd_chunks(at, size, most, read, places)
    if count > len(places):
        places = np.zeros((count, 2), dtype=np.int64)
        odd_chunks(at, size, most, read, places)
    return read, [ctypes.string_at(*place).decode() for place in places[:count].tolist()]
