"""Vectors on disk, by the hash of the text and the encoder's name."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from curate.encoders.base import Encoder, Vectors
from curate.errors import OutputError

_MAGIC: Final = b"curatev1"
_HEAD: Final = struct.Struct("<8sIQ")
_KEY: Final = 16
_SUM: Final = 32


class VectorCache:
    """Vectors kept in `folder`, one sub-folder per encoder, in segments that are written once and never changed.

    A segment holds the vectors of one call's new texts and ends in its own SHA-256. One that is cut short or altered is
    passed over and its vectors are computed again; a write is complete or absent (temporary name, fsync, rename),
    so several processes may share the folder.

    Parameters
    ----------
    folder : made when the first vector is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: dict[Path, dict[bytes, Vectors]] = {}
        self._read: set[Path] = set()
        self._lock = threading.Lock()

    def encode(self, encoder: Encoder, texts: Sequence[str]) -> Vectors:
        """As `encoder.encode(texts)`, computing only what is not kept yet.

        Raises
        ------
        OutputError : the folder cannot be written.
        """
        keys = [_key(text) for text in texts]
        kept = self._known(encoder)
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in kept}
        fresh: dict[bytes, Vectors] = {}
        if new:
            vectors = encoder.encode(list(new.values()))
            self._write(encoder, list(new), vectors)
            fresh = dict(zip(new, vectors, strict=True))
        if not keys:
            return np.zeros((0, encoder.dimensions), dtype=np.int8)
        return np.stack([fresh[key] if key in fresh else kept[key] for key in keys])

    def place(self, encoder: Encoder) -> Path:
        """The sub-folder of an encoder's segments."""
        return self.folder / hashlib.sha256(encoder.name.encode()).hexdigest()[:32]

    def _known(self, encoder: Encoder) -> dict[bytes, Vectors]:
        """All whole vectors on disk; each segment is read once."""
        place = self.place(encoder)
        with self._lock:
            kept = self._kept.setdefault(place, {})
            for path in sorted(set(place.glob("*.vectors")) - self._read):
                kept.update(_unpack(path.read_bytes(), encoder.dimensions))
                self._read.add(path)
            return kept

    def _write(self, encoder: Encoder, keys: Sequence[bytes], vectors: Vectors) -> None:
        body = _HEAD.pack(_MAGIC, vectors.shape[1], len(keys)) + b"".join(keys) + vectors.tobytes()
        digest = hashlib.sha256(body).digest()
        folder = self.place(encoder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
            with os.fdopen(handle, "wb") as file:
                file.write(body + digest)
                file.flush()
                os.fsync(file.fileno())
            path = folder / f"{digest.hex()[:32]}.vectors"
            Path(temporary).replace(path)
        except OSError as error:
            raise OutputError(f"vector cache: cannot write {folder}: {error.strerror}") from error
        # Where the same segment lay there damaged, it has been read as nothing.
        with self._lock:
            self._read.discard(path)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_KEY]


def _unpack(content: bytes, dimensions: int) -> dict[bytes, Vectors]:
    """The vectors of a segment; none where it is not whole."""
    body, digest = content[:-_SUM], content[-_SUM:]
    if len(body) < _HEAD.size or hashlib.sha256(body).digest() != digest:
        return {}
    magic, width, count = _HEAD.unpack_from(body)
    middle = _HEAD.size + count * _KEY
    if magic != _MAGIC or width != dimensions or len(body) != middle + count * width:
        return {}
    vectors = np.frombuffer(body, dtype=np.int8, offset=middle).reshape(count, width)
    return {body[_HEAD.size + i * _KEY : _HEAD.size + (i + 1) * _KEY]: vectors[i] for i in range(count)}
