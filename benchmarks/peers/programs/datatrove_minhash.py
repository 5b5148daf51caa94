"""datatrove's four steps of MinHash on one local worker, from a JSON lines file to one of those that stay.

`words=english` splits words as the package does for English (spaCy), `words=split` at white space by `str.split`, so
that the n-grams are exactly those of the other programs and no time goes into finding words.
"""

from __future__ import annotations

import json
import struct
import tempfile
from dataclasses import asdict
from pathlib import Path

from work import Work


def main() -> None:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter
    from datatrove.utils.text import TextNormConfig
    from datatrove.utils.typeshelper import Languages
    from datatrove.utils.word_tokenizers import WordTokenizer

    class Split(WordTokenizer):
        """Words are what stands between white space."""

        def word_tokenize(self, text: str) -> list[str]:
            return text.split()

        def sent_tokenize(self, text: str) -> list[str]:
            return [text]

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            return [(0, len(text))]

    work = Work("datatrove")
    words = work.options["words"]
    # 14 x 9 is what datasketch and text-dedup choose for 128 permutations at 0.7; its own 14 x 8 are 112 of them.
    # Numbers and diacritics stay as they are, since the other programs do not unify them.
    norm = TextNormConfig(norm_numbers=False, norm_unicode_diacritics=False)
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=9, norm_config=norm)
    work.settings = {"words": words, **asdict(config), "workers": 1}
    language = Split() if words == "split" else Languages.english

    with tempfile.TemporaryDirectory(dir=work.out) as name:
        folder = Path(name)

        def reader() -> JsonlReader:
            return JsonlReader(str(work.documents.parent), glob_pattern=work.documents.name)

        def job() -> None:
            signatures, buckets, gone, kept = (str(folder / part) for part in ("sig", "buckets", "gone", "kept"))
            steps = [
                (1, [reader(), MinhashDedupSignature(signatures, config=config, language=language)]),
                (config.num_buckets, [MinhashDedupBuckets(signatures, buckets, config=config)]),
                (1, [MinhashDedupCluster(buckets, gone, config=config, save_cluster_id=True)]),
                (1, [reader(), MinhashDedupFilter(gone), JsonlWriter(kept, compression=None)]),
            ]
            for step, (tasks, pipeline) in enumerate(steps):
                LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(folder / f"log{step}")).run()

        work.round(job)
        count = sum(1 for _ in work.documents.open("rb"))
        labels = list(range(-1, -count - 1, -1))
        clusters = folder / "gone" / "000000.clusters"
        if clusters.exists():
            for row, label in struct.iter_unpack("<2I", clusters.read_bytes()):
                labels[row] = label
        # The writer leaves out an id of 0.
        kept = {
            json.loads(line).get("id", 0)
            for path in (folder / "kept").iterdir()
            for line in path.open(encoding="utf-8")
        }
        kept_rows = {int(key) for key in kept}
    work.finish((row for row in range(count) if row not in kept_rows), labels)


if __name__ == "__main__":
    main()
