"""Files that are parts of one data set on the Hugging Face hub: they share one source, the set's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import yaml

from curate.io.inputs import Found, label

#: `train-00000-of-00003`, and the same with the hash that older versions of `datasets` append.
_SHARD: Final = re.compile(r"(?P<split>.+?)-(?P<number>\d{5})-of-(?P<count>\d{5})(?:-[0-9a-f]{8,64})?")
_SPLITS: Final = {"train", "test", "validation", "valid", "val", "dev"}
#: Folders inside a data set that say nothing of which one it is.
_INSIDE: Final = {"data", "default", "parquet", "jsonl", "json", "csv", *_SPLITS}
#: How many folders above a file its data set's card is looked for, and how much of it is read.
_LEVELS: Final = 3
_CARD: Final = "README.md"
_CARD_BYTES: Final = 256 * 1024
_CACHE: Final = "datasets--"


@dataclass(frozen=True, slots=True)
class Shard:
    """What a file is a part of.

    Parameters
    ----------
    source : name of the data set.
    note : one line for a person.
    """

    source: str
    note: str


def shards(items: Sequence[Found], stems: Sequence[str]) -> dict[str, Shard]:
    """For those of `items` that are parts of data sets, by key, what they are a part of.

    Parameters
    ----------
    stems : their base names without extensions.
    """
    cards = _Cards()
    there: dict[tuple[object, ...], set[str]] = {}
    found: dict[str, tuple[Found, re.Match[str] | None, str]] = {}
    for item, stem in zip(items, stems, strict=True):
        match = _SHARD.fullmatch(stem)
        if match is not None:
            there.setdefault((item.parts[:-1], match["split"], match["count"]), set()).add(match["number"])
        elif stem not in _SPLITS or cards.above(item) is None:
            continue
        found[item.key] = item, match, stem
    out: dict[str, Shard] = {}
    for key, (item, match, stem) in found.items():
        source = label([_dataset(item, cards.above(item)) or (match["split"] if match else stem)])
        note = f"split `{stem}`"
        if match is not None:
            missing = int(match["count"]) - len(there[item.parts[:-1], match["split"], match["count"]])
            note = f"part {int(match['number']) + 1} of {int(match['count'])} of split `{match['split']}`"
            note += f", {missing} of them not here" if missing > 0 else ""
        out[key] = Shard(source, f"{note} of the data set `{source}`{cards.said(item)}")
    return out


def _dataset(item: Found, card: Path | None) -> str | None:
    """The name of the folder with the card; without one, of the nearest folder that says more than a split does."""
    if card is not None:
        names = [*card.parts[1:-1]]
        if len(names) > 2 and names[-2] == "snapshots" and names[-3].startswith(_CACHE):
            return names[-3].removeprefix(_CACHE).replace("--", "/")
        return names[-1] if names else None
    folders = [part.strip("/") for part in item.parts[:-1]][-_LEVELS:]
    return next((name for name in reversed(folders) if name and name.lower() not in _INSIDE), None)


class _Cards:
    """The cards of data sets, each read once."""

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, Any] | None] = {}

    def above(self, item: Found) -> Path | None:
        """The card in the file's folder or one of those above it; None if there is none, or no folder."""
        if item.archive is not None or Path(*item.parts) != item.path:
            return None
        for folder in list(item.path.parents)[:_LEVELS]:
            if self._card(folder / _CARD) is not None:
                return folder / _CARD
        return None

    def _card(self, path: Path) -> dict[str, Any] | None:
        """The fields at the top of a card; None if there are none, so that it is an ordinary note."""
        if path not in self._known:
            self._known[path] = _front_matter(path)
        return self._known[path]

    def said(self, item: Found) -> str:
        """What the card says of the file, for a person."""
        card = self.above(item)
        if card is None:
            return ""
        fields = self._card(card) or {}
        path = item.path.relative_to(card.parent).as_posix()
        told = list(_patterns(fields.get("configs")))
        names = [f"`{config}`/`{split}`" for config, split, pattern in told if fnmatchcase(path, pattern)]
        if names:
            return f" ({', '.join(dict.fromkeys(names))} in its card)"
        return " (in none of the configurations of its card)" if told else ""


def _front_matter(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as stream:
            text = stream.read(_CARD_BYTES).decode("utf-8", "replace")
    except OSError:
        return None  # no card that can be read; it is information alone
    found = re.match(r"---[ \t]*\r?\n(.*?)^---[ \t]*$", text, re.DOTALL | re.MULTILINE)
    if found is None:
        return None
    try:
        fields = yaml.safe_load(found[1])
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _patterns(configs: object) -> Iterator[tuple[str, str, str]]:
    """Configuration, split and pattern of each entry of `configs`, in any of the ways a card may write them."""
    for config in _listed(configs):
        if not isinstance(config, Mapping):
            continue
        name = str(config.get("config_name", "default"))
        files = config.get("data_files")
        for entry in _listed(files):
            if isinstance(entry, Mapping):
                for pattern in _listed(entry.get("path")):
                    yield name, str(entry.get("split", "train")), str(pattern)
            else:
                yield name, "train", str(entry)


def _listed(value: object) -> Sequence[Any]:
    if isinstance(value, list):
        return value[:1000]
    return [] if value is None else [value]
