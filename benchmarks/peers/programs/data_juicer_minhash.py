"""data-juicer's own command, `dj-process`, with `document_minhash_deduplicator` as its only operator.

Called as the command calls it, in this process, so that its imports do not count as work.
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
    operators = {
        "document_minhash_deduplicator": {
            "tokenization": "space",
            "window_size": 5,
            "lowercase": True,
            "num_permutations": 128,
            "jaccard_threshold": 0.7,
        }
    }
    work.settings = {"process": [operators], "np": 1}
    with tempfile.TemporaryDirectory(dir=work.out) as folder:
        target = Path(folder) / "kept.jsonl"
        config = Path(folder) / "config.yaml"
        settings = {
            "project_name": "bench",
            "dataset_path": str(work.documents),
            "export_path": str(target),
            "np": 1,
            "process": [operators],
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
