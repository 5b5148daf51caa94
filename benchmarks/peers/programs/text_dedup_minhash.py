"""text-dedup's own command, `python -m text_dedup.minhash`, from a JSON lines file to a folder."""

from __future__ import annotations

import tempfile
from pathlib import Path

from work import Work


def main() -> None:
    from text_dedup import minhash

    work = Work("text-dedup")
    with tempfile.TemporaryDirectory(dir=work.out) as folder:
        target, cache = Path(folder) / "kept", Path(folder) / "cache"
        arguments = {
            "path": "json", "data_files": str(work.documents), "split": "train", "cache_dir": str(cache),
            "output": str(target), "column": "text", "ngram": "5", "num_perm": "128", "threshold": "0.7",
            "num_proc": "1",
        }  # fmt: skip
        hidden = {"data_files", "cache_dir", "output"}
        work.settings = {key: value for key, value in arguments.items() if key not in hidden}
        words = [word for key, value in arguments.items() for word in (f"--{key}", value)]
        work.round(lambda: minhash.main(words, standalone_mode=False))
        from datasets import load_from_disk

        kept = set(load_from_disk(str(target))["id"])
    count = sum(1 for _ in work.documents.open("rb"))
    labels = [minhash.uf.find(row) for row in range(count)]
    work.finish((row for row in range(count) if row not in kept), labels)


if __name__ == "__main__":
    main()
