"""Make a list of hashed n-grams of an evaluation set, for `contamination_filter`: hashes, and no text.

    python tools/make_fingerprints.py NAME FILE... --licence LICENCE --origin URL [--out FOLDER]

Reads FILE... as the stage reads `against`, and writes NAME.npz and its card NAME.md into FOLDER (default: the lists
that ship with the package, curate/assets/fingerprints). Ship a list only where the licence of the set allows it; the
card states licence, origin, and the hashes of the files. The same files give the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CARD = """\
# {name}

Hashed {ngram}-grams of words, for the stage `contamination_filter` (`fingerprints: [{name}]`). It holds no text.

| | |
|---|---|
| set | {origin} |
| licence of the set | {licence} |
| items | {items:,}, of which {short:,} have fewer than {ngram} words and cannot be found |
| hashes | {hashes:,} |
| made by | `tools/make_fingerprints.py`, format {format} |

Made from:

{files}
"""


def items_of(paths: list[str]) -> tuple[pl.Series, list[str], list[str]]:
    """Each item's text and name, and a line for each file."""
    from curate.io import discover, read
    from curate.io.formats import RECORD

    frames, lines = [], []
    for file in discover(paths, format=RECORD.name).files:
        for batch in read(file):
            if batch.rejects:
                first = batch.rejects[0]
                raise SystemExit(f"{first.file}:{first.line}: {first.detail}")
            frames.append(batch.frame)
        lines.append(f"- `{file.name}`, {file.size:,} bytes, SHA-256 `{file.sha256}`")
    whole = pl.concat(frames)
    own = pl.col("meta").str.json_path_match("$.item")
    names = whole.select(pl.coalesce(own, pl.format("{}:{}", "file", "line"))).to_series().to_list()
    return whole["instruction"] + "\n" + whole["response"], names, lines


def main() -> None:
    """Write the list and its card."""
    from curate.algorithms.overlap import NGRAM
    from curate.fingerprints import FOLDER, FORMAT, load, pack, rows_of

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--licence", required=True)
    parser.add_argument("--origin", required=True)
    parser.add_argument("--out", type=Path, default=FOLDER)
    args = parser.parse_args()
    texts, names, lines = items_of(args.files)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"{args.name}.npz"
    path.write_bytes(pack(texts, names))
    made = load(str(path))
    short = int((rows_of(texts).lists.list.len() < NGRAM).sum())
    card = CARD.format(name=args.name, origin=args.origin, licence=args.licence, items=len(names), short=short,
                       ngram=NGRAM, format=FORMAT, hashes=len(made.index.hashes), files="\n".join(lines))  # fmt: skip
    (args.out / f"{args.name}.md").write_text(card, encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{path}: {len(names):,} items, {path.stat().st_size:,} bytes, {digest}")


if __name__ == "__main__":
    main()
