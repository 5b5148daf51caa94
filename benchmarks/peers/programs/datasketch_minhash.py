"""datasketch: `MinHash.generator` and `MinHashLSH`, candidates confirmed by their signatures, clusters by union-find.

`hash=xxh3` hashes n-grams with xxhash (low 32 bits of XXH3), `hash=sha1` with datasketch's default.
"""

from __future__ import annotations

from work import Work

NGRAM = 5


def main() -> None:
    import xxhash
    from datasketch import MinHash, MinHashLSH
    from datasketch.hashfunc import sha1_hash32

    def xxh3(data: bytes) -> int:
        return xxhash.xxh3_64_intdigest(data) & 0xFFFFFFFF

    work = Work("datasketch")
    name = work.options["hash"]
    options = {"num_perm": 128, "seed": 1, "scheme": "affine32"}
    lsh_options = {"threshold": 0.7, "num_perm": 128}
    work.settings = {"MinHash": {**options, "hashfunc": name}, "MinHashLSH": lsh_options,
                     "candidates": "kept where the signatures agree in 0.7 or more"}  # fmt: skip
    texts, split, found = work.texts(), work.split(), work.options.get("words") == "found"
    hashfunc = {"xxh3": xxh3, "sha1": sha1_hash32}[name]

    def ngrams(text: str) -> list[bytes]:
        words = " ".join(split(text)).encode().split() if found else text.encode().split()
        return [b" ".join(words[at : at + NGRAM]) for at in range(len(words) - NGRAM + 1)]

    def job() -> list[int]:
        lsh = MinHashLSH(**lsh_options)
        parent = list(range(len(texts)))

        def root(row: int) -> int:
            while parent[row] != row:
                parent[row] = parent[parent[row]]
                row = parent[row]
            return row

        hashes: list[MinHash] = []
        for row, sketch in enumerate(MinHash.generator(map(ngrams, texts), hashfunc=hashfunc, **options)):
            hashes.append(sketch)
            for other in lsh.query(sketch):
                if root(other) != root(row) and sketch.jaccard(hashes[other]) >= lsh_options["threshold"]:
                    low, high = sorted((root(other), root(row)))
                    parent[high] = low
            lsh.insert(row, sketch, check_duplication=False)
        work.settings["bands, rows"] = [lsh.b, lsh.r]
        return [root(row) for row in range(len(texts))]

    labels = work.round(job)
    work.finish((row for row, label in enumerate(labels) if row != label), labels)


if __name__ == "__main__":
    main()
