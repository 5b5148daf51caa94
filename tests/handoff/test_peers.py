"""The programs that the export is written for read it themselves: every record, and the loss on the right text.

`make handoff` installs them apart, for they pin other versions of the libraries that curate uses, and sets
`CURATE_HANDOFF` to their folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from curate.handoff import export
from curate.pipeline import Pipeline
from curate.stages.dedup.exact_dedup import ExactDedup
from tests.handoff.test_export import MANY, SINGLE, folder, records
from tests.helpers import ROOT
from tests.train import tiny

pytest.importorskip("trl", reason="needs the extra `train`")

PEERS = os.environ.get("CURATE_HANDOFF")
ROWS = SINGLE + MANY


def program(script: str, where: Path, *words: str) -> Any:
    """What a script prints as its last line, JSON, run in `where` with the peers on its path."""
    path = os.pathsep.join([*([PEERS] if PEERS else []), str(ROOT)])
    env = {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "DISABLE_VERSION_CHECK": "1",
           "HF_DATASETS_CACHE": str(where / ".cache")}  # fmt: skip
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script, *words], cwd=where, env=env,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


#: A library for sound, which LLaMA-Factory imports at once; reading text never calls it, and it has no build without
#: a GPU that fits.
NO_SOUND = """
import importlib.machinery, sys, types
sys.modules["torchaudio"] = types.ModuleType("torchaudio")
sys.modules["torchaudio"].__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
"""
LLAMA_FACTORY = """
import json
from types import SimpleNamespace
from datasets import load_dataset
from llamafactory.data.converter import get_dataset_converter
from llamafactory.data.parser import get_dataset_list
attributes, = get_dataset_list(["curate_train"], ".")
convert = get_dataset_converter(attributes.formatting, attributes, SimpleNamespace(dataset_dir=".", media_dir="."))
rows = load_dataset("json", data_files=attributes.dataset_name, split="train")
out = [convert(row) for row in rows]
print(json.dumps([[r["_system"], r["_prompt"] + r["_response"]] for r in out]))
"""


@pytest.mark.skipif(PEERS is None, reason="needs LLaMA-Factory; run `make handoff`")
def test_llama_factory_converts_every_record(tmp_path: Path) -> None:
    export(folder(tmp_path / "set", ROWS, test=False), tmp_path / "out", "llama_factory")
    read = program(NO_SOUND + LLAMA_FACTORY, tmp_path / "out")
    expected = []
    for record in records(ROWS):
        turns = record["messages"]
        system = turns[0]["content"] if turns[0]["role"] == "system" else ""
        expected.append([system, [t for t in turns if t["role"] != "system"]])
    assert read == expected


LLAMA_FACTORY_RANKING = (
    LLAMA_FACTORY.rsplit("\n", 2)[0]
    + """
print(json.dumps([[r["_system"], r["_prompt"], r["_response"]] for r in out]))
"""
)


@pytest.mark.skipif(PEERS is None, reason="needs LLaMA-Factory; run `make handoff`")
def test_llama_factory_converts_every_pair(tmp_path: Path) -> None:
    """Its converter for ranking data: the prompt, and the chosen answer before the rejected one."""
    pairs = [
        {"prompt": record["messages"][:-1], "chosen": record["messages"][-1:],
         "rejected": [{"role": "assistant", "content": f"Other {at}.\u2028\n"}]}
        for at, record in enumerate(records(ROWS))
    ]  # fmt: skip
    lines = "".join(json.dumps(pair, ensure_ascii=False) + "\n" for pair in pairs)
    (tmp_path / "in.jsonl").write_text(lines, encoding="utf-8")
    Pipeline([ExactDedup()]).run(tmp_path / "in.jsonl", tmp_path / "run")
    export(tmp_path / "run", tmp_path / "out", "llama_factory_ranking")
    expected = []
    for pair in pairs:
        system = pair["prompt"][0]["content"] if pair["prompt"][0]["role"] == "system" else ""
        expected.append(
            [system, [t for t in pair["prompt"] if t["role"] != "system"], pair["chosen"] + pair["rejected"]]
        )
    assert program(NO_SOUND + LLAMA_FACTORY_RANKING, tmp_path / "out") == expected


#: torchtune's packages import torchao at once, no version of which works with both it and this torch: its modules are
#: loaded as they are, past what `__init__` would import.
TORCHTUNE = """
import importlib.util, json, os, sys, types
top = importlib.util.find_spec("torchtune").submodule_search_locations[0]
for name in ("torchtune", "torchtune.data", "torchtune.modules"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [os.path.join(top, *name.split(".")[1:])]
import yaml
from datasets import load_dataset
from torchtune.data._messages import OpenAIToMessages
config = yaml.safe_load(open("torchtune.yaml"))["dataset"]
rows = load_dataset(config["source"], data_files=config["data_files"], split=config["split"])
transform = OpenAIToMessages(train_on_input=config["train_on_input"],
                             column_map={"messages": config["conversation_column"]})
out = [[[m.role, m.text_content, m.masked] for m in transform(row)["messages"]] for row in rows]
print(json.dumps(out))
"""


@pytest.mark.skipif(PEERS is None, reason="needs torchtune; run `make handoff`")
def test_torchtune_transforms_every_record(tmp_path: Path) -> None:
    export(folder(tmp_path / "set", ROWS, test=False), tmp_path / "out", "torchtune")
    expected = [[[t["role"], t["content"], t["role"] != "assistant"] for t in r["messages"]] for r in records(ROWS)]
    assert program(TORCHTUNE, tmp_path / "out") == expected


AXOLOTL = """
import json, sys
import yaml
from datasets import load_dataset
from transformers import AutoTokenizer
from axolotl.prompt_strategies.chat_template import load
from axolotl.utils.dict import DictDefault
from axolotl.utils.schemas.datasets import SFTDataset
config = yaml.safe_load(open("axolotl.yaml"))
told, = config["datasets"]
assert set(told) <= set(SFTDataset.model_fields), told
entry = SFTDataset.model_validate(told)
rest = DictDefault({"train_on_inputs": config["train_on_inputs"], "sequence_len": 2048})
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
strategy = load(tokenizer, rest, ds_cfg=DictDefault(entry.model_dump(exclude_none=True)))
rows = load_dataset(entry.ds_type, data_files=entry.path, split="train")
out = [strategy.tokenize_prompt(row) for row in rows]
print()
print(json.dumps([[list(row["input_ids"]), list(row["labels"])] for row in out]))
"""


@pytest.mark.skipif(PEERS is None, reason="needs Axolotl; run `make handoff`")
def test_axolotl_learns_the_same_tokens(tmp_path: Path) -> None:
    """Its own schema takes the entry, and its own strategy makes the tokens and labels of `curate train`."""
    export(folder(tmp_path / "set", ROWS, test=False), tmp_path / "out", "axolotl")
    assert program(AXOLOTL, tmp_path / "out", str(tiny.model())) == encoded()


def encoded() -> list[list[list[int]]]:
    """Tokens and labels of each record, as `curate train` has them."""
    from curate.train.chat import Chat
    from curate.train.model import load_tokenizer

    chat = Chat(load_tokenizer(str(tiny.model())), "model")
    rows = [chat.encode(record["messages"]) for record in records(ROWS)]
    return [[row.ids, row.labels] for row in rows]


TRL = """
import json, sys
import trl
from trl.scripts import sft
seen = {}
class Watched(trl.SFTTrainer):
    def train(self, *a, **k):
        seen["rows"] = [[list(r["input_ids"]), list(r["labels"])] for r in self.train_dataset]
        return super().train(*a, **k)
sft.SFTTrainer = Watched
trl.SFTTrainer = Watched
parser = sft.make_parser()
script, train, model, mix, _ = parser.parse_args_and_config(sys.argv[1:], return_remaining_strings=True)
sft.main(script, train, model, mix)
print()
print(json.dumps(seen["rows"]))
"""


@pytest.mark.filterwarnings("ignore")
def test_trl_sft_trains_on_it(tmp_path: Path) -> None:
    """TRL's own command, by its own reading: the same tokens and the same labels as `curate train`."""
    export(folder(tmp_path / "set", ROWS, test=False), tmp_path / "out", "trl")
    seen = program(
        TRL, tmp_path / "out", "--config", "trl.yaml", "--model_name_or_path", str(tiny.model()), "--output_dir", "run",
        "--max_steps", "1", "--bf16", "false", "--use_cpu", "true", "--report_to", "none",
    )  # fmt: skip
    assert seen == encoded()
