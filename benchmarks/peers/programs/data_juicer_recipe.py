"""data-juicer's own command, `dj-process`, with its equivalents of our row filters and of `minhash_dedup`.

`language=no` leaves out the language filter, whose model is downloaded from dl.fbaipublicfiles.com on first use.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from work import Work


def main() -> None:
    from data_juicer.tools.process_data import main as dj_process

    work = Work("py-data-juicer")
    # Each with its own defaults; of the last one only what has to be the same as ours.
    operators: list[dict[str, dict[str, object]]] = [
        {"text_length_filter": {}},
        {"alphanumeric_filter": {}},
        {"character_repetition_filter": {}},
        {"word_repetition_filter": {}},
        {"language_id_score_filter": {"lang": "en"}},
        {"document_minhash_deduplicator": {"window_size": 5, "num_permutations": 128, "jaccard_threshold": 0.7}},
    ]
    if work.options["language"] == "no":
        del operators[4]
    work.settings = {"process": operators, "np": 1}
    with tempfile.TemporaryDirectory(dir=work.out) as folder:
        target = Path(folder) / "kept.jsonl"
        config = Path(folder) / "config.yaml"
        settings = {
            "project_name": "bench",
            "dataset_path": str(work.documents),
            "export_path": str(target),
            "np": 1,
            "process": operators,
        }
        config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
        sys.argv = ["dj-process", "--config", str(config)]
        work.round(dj_process)
        with target.open(encoding="utf-8") as lines:
            kept = {json.loads(line)["id"] for line in lines}
    count = sum(1 for _ in work.documents.open("rb"))
    work.finish(row for row in range(count) if row not in kept)


if __name__ == "__main__":
    main()
