"""The small file that a trainer wants beside `train.jsonl`. Paths in it are relative: use it from its folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import yaml


def llama_factory(files: list[str]) -> dict[str, str]:
    """`dataset_info.json`, with formatting `sharegpt` and tags: `openai` would add a system prompt to each example."""
    entry: dict[str, Any] = {
        "formatting": "sharegpt",
        "columns": {"messages": "messages"},
        "tags": {
            "role_tag": "role",
            "content_tag": "content",
            "user_tag": "user",
            "assistant_tag": "assistant",
            "system_tag": "system",
        },
    }
    info = {f"curate_{name.removesuffix('.jsonl')}": {"file_name": name, **entry} for name in files}
    return {"dataset_info.json": json.dumps(info, indent=2) + "\n"}


def llama_factory_ranking(files: list[str]) -> dict[str, str]:
    """`dataset_info.json` for pairs (`ranking`), whose records have the field names and tags that are its defaults."""
    columns = {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"}
    entry: dict[str, Any] = {"formatting": "sharegpt", "ranking": True, "columns": columns}
    info = {f"curate_{name.removesuffix('.jsonl')}": {"file_name": name, **entry} for name in files}
    return {"dataset_info.json": json.dumps(info, indent=2) + "\n"}


def axolotl(files: list[str]) -> dict[str, str]:
    """`axolotl.yaml`: a chat template's own turns, loss on the assistant's with their ends."""

    def entry(name: str) -> dict[str, Any]:
        return {
            "path": name,
            "ds_type": "json",
            "type": "chat_template",
            "field_messages": "messages",
            "message_property_mappings": {"role": "role", "content": "content"},
            "roles_to_train": ["assistant"],
            "train_on_eos": "turn",
        }

    config: dict[str, Any] = {"datasets": [entry("train.jsonl")], "train_on_inputs": False}
    if "test.jsonl" in files:
        config["test_datasets"] = [entry("test.jsonl") | {"split": "train"}]
    return {"axolotl.yaml": _yaml(config)}


def torchtune(files: list[str]) -> dict[str, str]:
    """`torchtune.yaml`: a chat dataset, loss on the assistant's turns."""

    def entry(name: str) -> dict[str, Any]:
        return {
            "_component_": "torchtune.datasets.chat_dataset",
            "source": "json",
            "data_files": name,
            "split": "train",
            "conversation_column": "messages",
            "conversation_style": "openai",
            "train_on_input": False,
        }

    config = {"dataset": entry("train.jsonl")}
    if "test.jsonl" in files:
        config["dataset_val"] = entry("test.jsonl")
    return {"torchtune.yaml": _yaml(config)}


def trl(files: list[str]) -> dict[str, str]:
    """`trl.yaml`, for `trl sft --config trl.yaml --model_name_or_path … --output_dir …`."""
    del files
    config = {
        "datasets": [{"path": "json", "data_files": "train.jsonl", "split": "train"}],
        "assistant_only_loss": True,
        "max_length": 2048,
    }
    return {"trl.yaml": _yaml(config)}


def _yaml(config: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


#: By layout.
SIDECARS: Final[Mapping[str, Callable[[list[str]], dict[str, str]]]] = {
    "llama_factory": llama_factory,
    "llama_factory_ranking": llama_factory_ranking,
    "axolotl": axolotl,
    "torchtune": torchtune,
    "trl": trl,
}
