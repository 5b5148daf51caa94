"""rensa as its README shows it: a deduplicator with LSH that is handed documents as lists of n-grams."""

from __future__ import annotations

from work import Work

NGRAM = 5


def main() -> None:
    from rensa import RMinHashDeduplicator

    work = Work("rensa")
    options = {"threshold": 0.7, "num_perm": 128, "use_lsh": True}
    work.settings = {"call": "RMinHashDeduplicator.add_pairs", **options, "seed": "default", "num_bands": "default"}
    texts, split = work.texts(), work.split()

    def ngrams(text: str) -> list[str]:
        words = split(text)
        return [" ".join(words[at : at + NGRAM]) for at in range(len(words) - NGRAM + 1)]

    def job() -> list[bool]:
        deduplicator = RMinHashDeduplicator(**options)
        return deduplicator.add_pairs((str(row), ngrams(text)) for row, text in enumerate(texts))

    with work.phase("of which n-grams in Python, timed apart"):
        for text in texts:
            ngrams(text)
    keep = work.round(job)
    work.finish(row for row, kept in enumerate(keep) if not kept)


if __name__ == "__main__":
    main()
