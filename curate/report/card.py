"""The dataset card, `README.md` of a result, in the form that dataset hubs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_SIZES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
)


def dataset_card(manifest: Mapping[str, Any], *, hub: bool = False, report: bool = False) -> str:
    """The card's Markdown for a run's manifest: front matter, what the set is, how it was made, where it came from.

    Parameters
    ----------
    manifest : as `curate.outputs` builds it, before `outputs` is filled in.
    hub : whether there is a Parquet file for hubs to load, instead of `train.jsonl`.
    report : whether there is a `report.html` to point to.
    """
    counts = manifest["counts"]
    size = next((label for bound, label in _SIZES if counts["kept"] < bound), "1B<n<10B")
    licences = manifest["options"].get("licences", {})
    front = {
        **_licence(manifest, licences),
        "pretty_name": manifest["name"],
        "size_categories": [size],
        "task_categories": ["text-generation"],
        "tags": ["instruction-tuning", "sft", "curate"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "data/train-*.parquet" if hub else "train.jsonl"}],
            }
        ],
    }
    parts = [
        f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n",
        f"# {manifest['name']}\n",
        manifest["description"].strip() + "\n" if manifest["description"].strip() else "",
        (
            f"{counts['kept']:,} instruction-tuning examples, chosen from {counts['read']:,} by `curate` "
            f"{manifest['versions']['curate']}. Each line of `train.jsonl` is one conversation: "
            '`{"messages": [{"role", "content"}, …]}`. `examples.parquet` has a row for each line, with its source '
            "and all that the stages measured; `ledger.parquet` says of every other record which stage dropped it, "
            f"and why.{' `report.html` audits its diversity.' if report else ''}\n"
        ),
        *_findings(manifest["findings"]),
        "## Where the records went\n",
        _table(("", "records"), _accounts(counts)),
        "## How it was made\n",
        f"Seed {manifest['seed']}. The stages, in order; `manifest.json` has every parameter.\n",
        _table(("stage", "in", "kept", "dropped because"), [_step(s) for s in manifest["steps"]]),
        "## Sources\n",
        _table(("file", "format", "examples read", "kept"), _sources(manifest)),
        "## Licence and limits\n",
        _table(("source", "kept", "licence"), _terms(manifest, licences)),
        (
            "The licence of each example is that of its source; the run knows no more of it than it was told "
            "(`--licence SOURCE=ID`). Fill in what is missing before you share the set. The records were chosen by the "
            "measures above and read by nobody: they can still be wrong, biased or unsafe.\n"
        ),
    ]
    return "\n".join(part for part in parts if part)


def _accounts(counts: Mapping[str, int]) -> list[tuple[str, ...]]:
    order = ["lines", "expanded", "blank", "rejected", "joined", "left", "read", "end_of_text", "dropped", "kept"]
    named = {
        "lines": "lines in the inputs",
        "expanded": "further examples of lines that hold several",
        "blank": "blank lines",
        "rejected": "rejected (could not be read; `rejects.jsonl`)",
        "joined": "joined to another record's example (an answer to its question)",
        "left": "left out by the rules of their format (`ledger.parquet`, without id)",
        "read": "read as examples",
        "end_of_text": "of these with a response that ended in an end-of-text mark, which was taken off",
        "dropped": "dropped by a stage (`ledger.parquet`)",
        "kept": "kept (`train.jsonl`)",
    }
    rare = {"expanded", "blank", "joined", "left"}
    return [(named[k], f"{counts[k]:,}") for k in order if k in counts and (counts[k] or k not in rare)]


def _step(step: Mapping[str, Any]) -> tuple[str, ...]:
    why = ", ".join(f"{reason} {number:,}" for reason, number in step["dropped"].items()) or "–"
    return (f"`{step['stage']}`", f"{step['rows']:,}", f"{step['kept']:,}", why)


def _sources(manifest: Mapping[str, Any]) -> list[tuple[str, ...]]:
    kept = manifest["kept_by_source"]
    shown: set[str] = set()
    rows: list[tuple[str, ...]] = []
    for item in manifest["inputs"]:
        source = item["source"]
        # Several files may be one source; its number stands beside the first.
        number = f"{kept.get(source, 0):,}" if source not in shown else "″"
        shown.add(source)
        rows.append((f"`{_code(item['file'])}`", item["format"], f"{item['read']:,}", number))
    return rows


def _licence(manifest: Mapping[str, Any], licences: Mapping[str, str]) -> dict[str, str]:
    """The licence of the whole in the front matter: the one of all sources kept, or `other`; none where unknown."""
    named = {licences.get(source) for source in manifest["kept_by_source"]}
    if not named or None in named:
        return {}
    return {"license": named.pop() or "other"} if len(named) == 1 else {"license": "other"}


def _terms(manifest: Mapping[str, Any], licences: Mapping[str, str]) -> list[tuple[str, ...]]:
    kept = manifest["kept_by_source"]
    return [
        (f"`{_code(s)}`", f"{n:,}", f"`{_code(licences[s])}`" if s in licences else "not known")
        for s, n in kept.items()
    ]


def _findings(findings: Sequence[Mapping[str, str]]) -> list[str]:
    if not findings:
        return []
    return ["## Findings\n", "".join(f"- {_plain(f['message'])}\n" for f in findings)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    right = ["---"] + ["---:" if name not in {"dropped because", "format", "licence"} else "---" for name in head[1:]]
    lines = [head, right, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _plain(text: str) -> str:
    """`text` on one line with nothing that Markdown or a terminal would act on."""
    shown = "".join(c if c.isprintable() else " " for c in text)
    for mark in "\\`*_<>[]|#":
        shown = shown.replace(mark, "\\" + mark)
    return shown


def _code(text: str) -> str:
    """`text` fit to stand between backticks in a table cell."""
    return "".join(c if c.isprintable() else " " for c in text).replace("`", "'").replace("|", "\\|")
