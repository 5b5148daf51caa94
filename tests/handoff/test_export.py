"""What is exported is what comes back, read by curate itself and by the programs it was written for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

from curate.cli import cli
from curate.cli.export import _LAYOUTS
from curate.errors import InputError
from curate.handoff import LAYOUTS, export
from curate.io import discover, read

SINGLE = [
    [("user", "Why is the sky blue?"), ("assistant", "Light is scattered.\n\nBlue most.")],
    [("user", "Übersetze: \u2028 “kite” 🪁"), ("assistant", "Drachen\u0085\u2029\t\\n {{ x }} <b>")],
    [("user", 'a,b;"c"\r\nd'), ("assistant", "  spaces stay  ")],
]
MANY = [
    [("system", "Be brief."), ("user", "1+1?"), ("assistant", "2")],
    [("user", "Hi"), ("assistant", "Hello."), ("user", "2+2?"), ("assistant", "4")],
]
pytestmark = pytest.mark.filterwarnings("ignore")


def records(rows: list[list[tuple[str, str]]]) -> list[dict[str, Any]]:
    return [{"messages": [{"role": r, "content": c} for r, c in row]} for row in rows]


def folder(path: Path, rows: list[list[tuple[str, str]]], test: bool = True) -> Path:
    path.mkdir()
    for name in ("train", "test") if test else ("train",):
        lines = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records(rows))
        (path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return path


def back(path: Path) -> list[dict[str, Any]]:
    """The file as curate's readers read it."""
    return [
        {"messages": [{"role": m["role"], "content": m["content"]} for m in messages]}
        for file in discover([str(path)]).files
        for batch in read(file)
        for messages in batch.frame["messages"].to_list()
    ]


def test_the_command_offers_every_layout() -> None:
    assert _LAYOUTS == LAYOUTS


@pytest.mark.parametrize("layout", ["messages", "sharegpt", "openai", "llama_factory", "axolotl", "torchtune", "trl"])
def test_reading_back_gives_the_same_conversations(layout: str, tmp_path: Path) -> None:
    export(folder(tmp_path / "set", SINGLE + MANY), tmp_path / "out", layout)
    for name in ("train.jsonl", "test.jsonl"):
        assert back(tmp_path / "out" / name) == records(SINGLE + MANY)


@pytest.mark.parametrize("layout", ["alpaca", "prompt_completion"])
def test_single_turns_come_back_and_others_are_never_lost(layout: str, tmp_path: Path) -> None:
    export(folder(tmp_path / "one", SINGLE), tmp_path / "out", layout)
    assert back(tmp_path / "out" / "train.jsonl") == records(SINGLE)
    mixed = folder(tmp_path / "mixed", SINGLE + MANY, test=False)
    with pytest.raises(InputError, match=r"cannot hold 2 of the records, the first .*train\.jsonl:4: it has a system"):
        export(mixed, tmp_path / "refused", layout)
    done = export(mixed, tmp_path / "rest", layout, leave_out=True)
    assert [line for _, line, _ in done.left_out] == [4, 5]
    assert [entry["line"] for entry in json.loads((tmp_path / "rest" / "left_out.json").read_text())] == [4, 5]
    assert back(tmp_path / "rest" / "train.jsonl") == records(SINGLE)


def test_parquet_comes_back(tmp_path: Path) -> None:
    export(folder(tmp_path / "set", SINGLE + MANY), tmp_path / "out", "parquet")
    assert pl.read_parquet(tmp_path / "out" / "train.parquet").to_dicts() == records(SINGLE + MANY)
    assert back(tmp_path / "out" / "test.parquet") == records(SINGLE + MANY)


@pytest.mark.parametrize(
    "layout", ["messages", "llama_factory", "axolotl", "torchtune", "trl", "parquet", "huggingface"]
)
def test_load_dataset_reads_the_folder(layout: str, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs the extra `train`")
    export(folder(tmp_path / "set", SINGLE + MANY), tmp_path / "out", layout)
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert sorted(loaded) == ["test", "train"]
    for split in loaded.values():
        assert split.column_names == ["messages"]
        assert split.to_list() == records(SINGLE + MANY)


def openai_errors(line: bytes) -> list[str]:
    """What OpenAI's cookbook (*Data preparation and analysis for chat model fine-tuning*) says a line must not be.

    Its names of the errors; a text of white space alone counts as missing, too.
    """
    record = json.loads(line.decode("utf-8"))
    if not isinstance(record, dict):
        return ["data_type"]
    if not record.get("messages"):
        return ["missing_messages_list"]
    found = [] if set(record) == {"messages"} else ["unrecognized_key"]
    for message in record["messages"]:
        if not {"role", "content"} <= set(message):
            found.append("message_missing_key")
        if set(message) - {"role", "content", "name", "function_call", "weight"}:
            found.append("message_unrecognized_key")
        if message.get("role") not in {"system", "user", "assistant", "function"}:
            found.append("unrecognized_role")
        content = message.get("content")
        if not isinstance(content, str) or not content.strip():
            found.append("missing_content")
    if not any(message.get("role") == "assistant" for message in record["messages"]):
        found.append("example_missing_assistant_message")
    return found


#: Records that curate takes for conversations, and OpenAI does not, with its reason and ours.
NOT_OPENAI = [
    ([("user", "a"), ("assistant", "b"), ("user", " "), ("assistant", "c")], "missing_content", "turn 3 has no text"),
    ([("system", ""), ("user", "a"), ("assistant", "b")], "missing_content", "turn 1 has no text"),
    ([("user", "a"), ("assistant", "b"), ("user", "c")], None, "the last turn is not the assistant's"),
]


def test_openai_finds_nothing_wrong(tmp_path: Path) -> None:
    """Every line passes the checks that OpenAI documents; what would not is refused, or left out and listed."""
    source = folder(tmp_path / "set", [*SINGLE, *MANY, *(row for row, *_ in NOT_OPENAI)], test=False)
    raw = (source / "train.jsonl").read_bytes().split(b"\n")[5:-1]
    assert [openai_errors(line) for line in raw] == [[why] if why else [] for _, why, _ in NOT_OPENAI]
    with pytest.raises(InputError, match=r"openai cannot hold 3 of the records, the first .*train\.jsonl:6: turn 3"):
        export(source, tmp_path / "refused", "openai")
    assert not (tmp_path / "refused").exists()
    done = export(source, tmp_path / "out", "openai", leave_out=True)
    assert done.left_out == tuple(("train.jsonl", 6 + at, why) for at, (*_, why) in enumerate(NOT_OPENAI))
    written = (tmp_path / "out" / "train.jsonl").read_bytes()
    assert not written.startswith(b"\xef\xbb\xbf")
    assert [openai_errors(line) for line in written.split(b"\n")[:-1]] == [[]] * 5
    told = CliRunner().invoke(cli, ["export", str(source), "--to", "openai", "-o", str(tmp_path / "o"), "--leave-out"])
    assert told.exit_code == 1
    assert "fewer than 10 examples" in told.stderr


def test_axolotl_has_all_that_its_guide_asks_for(tmp_path: Path) -> None:
    """Axolotl's guide (*Conversation* formats): each record a list of messages under the field, with the two properties
    that the mapping names; the trained roles are among those that it knows without a mapping."""
    export(folder(tmp_path / "set", SINGLE + MANY), tmp_path / "out", "axolotl")
    config = yaml.safe_load((tmp_path / "out" / "axolotl.yaml").read_text())
    for part in ("datasets", "test_datasets"):
        (entry,) = config[part]
        assert (entry["ds_type"], entry["type"], entry["train_on_eos"]) == ("json", "chat_template", "turn")
        rows = [json.loads(line) for line in (tmp_path / "out" / entry["path"]).read_bytes().split(b"\n") if line]
        assert rows == records(SINGLE + MANY)
        role, content = (entry["message_property_mappings"][name] for name in ("role", "content"))
        for row in rows:
            for turn in row[entry["field_messages"]]:
                assert turn[role] in {"system", "user", "human", "assistant", "gpt", "tool"}
                assert isinstance(turn[content], str)
            assert {turn[role] for turn in row[entry["field_messages"]]} & set(entry["roles_to_train"])


def test_one_line_is_one_record(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="needs the extra `train`")
    export(folder(tmp_path / "set", SINGLE[1:2], test=False), tmp_path / "out", "messages")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))["train"]
    assert loaded.to_list() == records(SINGLE[1:2])


def test_half_a_surrogate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    turns = '[{"role": "user", "content": "a\\ud800"}, {"role": "assistant", "content": "b"}]'
    (tmp_path / "set" / "train.jsonl").write_text(f'{{"messages": {turns}}}\n')
    with pytest.raises(InputError, match=r"train\.jsonl:1: .*surrogate"):
        export(tmp_path / "set", tmp_path / "out", "messages")


def test_side_files_name_what_is_there(tmp_path: Path) -> None:
    source = folder(tmp_path / "set", SINGLE)
    for layout in ("llama_factory", "axolotl", "torchtune", "trl"):
        export(source, tmp_path / layout, layout)
    info = json.loads((tmp_path / "llama_factory" / "dataset_info.json").read_text())
    for entry in info.values():
        assert (tmp_path / "llama_factory" / entry["file_name"]).is_file()
        assert entry["formatting"] == "sharegpt"
    for layout in ("axolotl", "torchtune", "trl"):
        text = (tmp_path / layout / f"{layout}.yaml").read_text()
        assert isinstance(yaml.safe_load(text), dict)
        assert "train.jsonl" in text


def test_command(tmp_path: Path) -> None:
    source = folder(tmp_path / "set", SINGLE + MANY, test=False)
    out = str(tmp_path / "out")
    assert CliRunner().invoke(cli, ["export", str(source), "--to", "alpaca", "-o", out, "--leave-out"]).exit_code == 1
    assert CliRunner().invoke(cli, ["export", str(source), "--to", "sharegpt", "-o", out]).exit_code == 0
    assert isinstance(CliRunner().invoke(cli, ["export", out, "--to", "trl", "-o", out]).exception, Exception)
