"""Data is data: nothing of it is executed, nothing reaches the network or a terminal, and no secret is kept."""

from __future__ import annotations

import base64
import json
import os
import pickle
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import fsspec
import pytest
import yaml

from tests.helpers import ROOT
from tests.runs import OUTPUTS, Done, Dump, curate, environment, snapshot

#: Stands in everything that a hostile record would have executed, opened or fetched.
MARK = "qzcanary"
#: Notes, in a process of its own, whatever of the audited operations reaches out or carries the mark.
_GUARDED = f"""
import os, sys
log = os.open(sys.argv.pop(1), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
REACHES = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "urllib.",
           "ftplib.", "http.", "smtplib.", "webbrowser.", "pty.", "ctypes.dlsym/address")
CARRIES = ("compile", "exec", "import", "open", "pickle.find_class", "marshal.loads", "code.__new__", "os.mkdir",
           "os.rename", "os.remove", "ctypes.dlopen", "glob.glob", "shutil.", "tempfile.")
def text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else repr(value)
def watch(event, args):
    bad = event.startswith(REACHES)
    if event.startswith(CARRIES) and event not in ("exec",):
        bad = bad or any({MARK!r} in text(arg) for arg in args if isinstance(arg, (str, bytes)))
    if event == "exec":
        bad = bad or any({MARK!r} in text(c) for c in (args[0].co_filename, args[0].co_consts, args[0].co_names))
    if bad:
        os.write(log, f"{{event}} {{args!r}}\\n".encode("utf-8", "replace"))
        raise RuntimeError(f"refused: {{event}}")
sys.addaudithook(watch)
import socket
def refuse(*args, **more):
    os.write(log, b"socket\\n")
    raise RuntimeError("refused: a socket")
socket.socket.__init__ = socket.create_connection = socket.getaddrinfo = refuse
"""
_MAIN = "from curate.cli import main\nmain()\n"


def guarded(code: str, *args: object, log: Path, cwd: Path, **env: str) -> Done:
    """Python code in a process that may reach nothing; what it tried is in `log`."""
    told = environment(**env)
    # By default, and not only where a variable says so.
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"):
        told.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", _GUARDED + code, str(log), *map(str, args)], capture_output=True, cwd=cwd, env=told,
        timeout=120, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket()",
        "import socket; socket.getaddrinfo('localhost', 1)",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:1')",
        "import os; os.system('true')",
        "import subprocess; subprocess.run(['true'])",
        f"eval({MARK!r})",
        f"open('/tmp/{MARK}')",
        f"exec('a = \"{MARK}\"')",
        f"import pickle; pickle.loads(b'c{MARK}\\nx\\n.')",
    ],
)
def test_the_guard_holds(code: str, tmp_path: Path) -> None:
    done = guarded(code, log=tmp_path / "log", cwd=tmp_path)
    assert done.code != 0
    assert (tmp_path / "log").read_text(), code


def test_default_recipe_reaches_no_network(tmp_path: Path) -> None:
    """The whole of it: reading, model, every stage, every output."""
    args = ("run", "lima_1k", ROOT / "sample_data" / "raw", "--out", tmp_path / "out")
    done = guarded(_MAIN, *args, log=tmp_path / "log", cwd=tmp_path)
    assert done.code == 0, done.err
    assert (tmp_path / "log").read_text() == ""
    assert set(snapshot(tmp_path / "out")) == OUTPUTS | {"report.html", "report.json"}


class _Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {MARK}",)


BOMB = pickle.dumps(_Bomb())
HOSTILE = {
    "jinja": "{{ ''.__class__.__mro__[1].__subclasses__() }} {% for x in range(10**9) %}{{ x }}{% endfor %} "
    f"{{{{ cycler.__init__.__globals__.os.system('touch {MARK}') }}}}",
    "yaml": f'!!python/object/apply:os.system ["touch {MARK}"]\n--- \n- &a [*a]',
    "pickle": base64.b64encode(BOMB).decode() + BOMB.decode("latin-1"),
    "python": f"__import__('os').system('touch {MARK}') # {{0.__class__}} %(x)s %n",
    "shell": f"$(touch {MARK}) `touch {MARK}` ; touch {MARK} | touch {MARK} && touch {MARK} #",
    "html": f"<script src=http://127.0.0.1/{MARK}></script><img src=x onerror=alert(1)> <!--#exec cmd='touch {MARK}'-->",
    "xml": f'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///{MARK}">]><a>&x;</a>',
    "terminal": "\x1b]0;title\x07 \x1b[2J\x1b[31m \x9b31m \x90q\x9c \x08\x08 \u202eevil \U000e0041 \x1b]52;c;cXo=\x07",
    "path": f"../../{MARK} /tmp/{MARK} file:///{MARK} http://127.0.0.1:1/{MARK} hf://{MARK}",
    "table": f"=HYPERLINK(\"http://127.0.0.1/{MARK}\") +cmd|' /C {MARK}'!A1 @SUM(1)",
    "card": f"---\nlicense: !!python/name:os.system\n{MARK}: 1\n---\n# {MARK}\n```\n",
    "sql": f"'; DROP TABLE frame; -- ; SELECT readfile('{MARK}')",
}


def hostile_dump(folder: Path) -> Path:
    """Records that are traps in their text, keys and extras, in several formats, beside files that are traps."""
    raw = folder / "raw"
    raw.mkdir()
    texts = list(HOSTILE.items())
    asks = [f"Explain what this {name} text does, please, in a few words: {text}" for name, text in texts]
    answers = [f"It would do harm if somebody were to run it, so nobody should: {text}" for _, text in texts]
    pairs = list(zip(asks, answers, strict=True))
    (raw / "tasks.jsonl").write_text(
        "".join(
            json.dumps({"instruction": a, "input": "", "output": b, "__class__": a, "py/object": f"os.{MARK}"}) + "\n"
            for a, b in pairs
        )
    )
    chats = [
        {"messages": [{"role": "user", "content": b}, {"role": "assistant", "content": a}], "$ref": f"file:///{MARK}"}
        for a, b in pairs
    ]
    (raw / "chats.json").write_text(json.dumps(chats))
    cells = ["prompt,completion", *('"' + a.replace('"', '""') + '","' + b.replace('"', '""') + '"' for a, b in pairs)]
    (raw / "table.csv").write_text("\n".join(cells).replace("\r", ""), newline="")
    # Rejected, so that their text goes into rejects.jsonl and the example of a finding.
    (raw / "broken.jsonl").write_text(
        "".join(json.dumps({"instruction": a, text: 1, "outputt": b}) + "\n" for (a, b), text in zip(pairs, HOSTILE.values(), strict=True))
        + json.dumps({"instruction": "a", "input": "", "output": "A plain answer to read."}) + "\n"
    )  # fmt: skip
    (raw / "model.pkl").write_bytes(BOMB)
    (raw / "config.yaml").write_text(HOSTILE["yaml"])
    (raw / "conftest.py").write_text(f"import os\nos.system('touch {MARK}')\n")
    return raw


def test_hostile_records_are_text_and_nothing_else(tmp_path: Path) -> None:
    raw, out = hostile_dump(tmp_path), tmp_path / "out"
    recipe = tmp_path / "traps.yaml"
    recipe.write_text(
        "name: traps\nstages:\n  - stage: text_stats\n  - stage: exact_dedup\n  - stage: random_sample\n    size: 20\n"
    )
    done = guarded(_MAIN, "run", recipe, raw, "--out", out, log=tmp_path / "log", cwd=tmp_path)
    assert done.code == 1, done.err  # unknown files and rejects are findings
    assert (tmp_path / "log").read_text() == ""
    assert not list(tmp_path.rglob(f"*{MARK}*"))
    assert_clean(done)
    texts = [*HOSTILE.values(), "A plain answer to read."]
    kept = [json.loads(line)["messages"] for line in (out / "train.jsonl").read_text("utf-8").split("\n") if line]
    assert len(kept) == 20
    for messages in kept:  # whole, as they came
        assert any(text in message["content"] for message in messages for text in texts)
    card = (out / "README.md").read_text("utf-8")
    front = yaml.safe_load(re.match(r"---\n(.*?)\n---\n", card, re.DOTALL).group(1))  # type: ignore[union-attr]
    assert MARK not in front
    for name in json.loads((out / "manifest.json").read_bytes())["selected"][:3]:
        told = guarded(_MAIN, "why", out, name, log=tmp_path / "log", cwd=tmp_path)
        assert told.code == 0, told.err
        assert_clean(told)
    assert (tmp_path / "log").read_text() == ""


def assert_clean(done: Done) -> None:
    """Nothing that a terminal would act on."""
    for character in done.out + done.err:
        assert character == "\n" or unicodedata.category(character)[0] != "C", ascii(character)
    assert "Traceback" not in done.err


# --- secrets

SECRET = "s3cr3t-hunter2"
LINE = b'{"instruction": "Name a river, please.", "input": "", "output": "The Danube, which ends in the Black Sea."}\n'


def hides(folder: Path, *done: Done) -> list[str]:
    """Where the secret stands."""
    found = [str(path) for path in folder.rglob("*") if SECRET in str(path) or
             (path.is_file() and SECRET.encode() in path.read_bytes())]  # fmt: skip
    return found + [line for one in done for line in (one.out + one.err).splitlines() if SECRET in line]


def test_environment_is_in_no_output(dump: Dump, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("name: envs\nstages:\n  - stage: text_stats\n")
    names = ("HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "CURATE_TOKEN", "HTTPS_PROXY", "LS_COLORS")
    env = dict.fromkeys(names, f"http://user:{SECRET}@host")
    log, out = tmp_path / "log", tmp_path / "out"
    done = guarded(_MAIN, "run", recipe, *dump.files, "--out", out, log=log, cwd=tmp_path, **env)
    assert done.code == 0, done.err
    broken = guarded(_MAIN, "--debug", "run", recipe, tmp_path / "none", "--out", out, log=log, cwd=tmp_path, **env)
    assert broken.code != 0
    assert hides(tmp_path, done, broken) == []


def remote(*names: str) -> list[str]:
    """URLs, with a user and a password, of files in a file system in memory."""
    memory = fsspec.filesystem("memory")
    for number, name in enumerate(names):
        memory.pipe(f"/ann:{SECRET}@bucket/{name}", LINE + LINE.replace(b"Danube", f"Rhine {number}".encode()))
    return [f"memory://ann:{SECRET}@bucket/{name}" for name in names]


def run_urls(tmp_path: Path, *urls: str) -> list[str]:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("name: urls\nstages:\n  - stage: exact_dedup\n")
    done = curate("run", recipe, *urls, "--out", tmp_path / "out", "--json")
    return hides(tmp_path, done)


def test_password_of_a_url_is_in_no_output(tmp_path: Path) -> None:
    assert run_urls(tmp_path, *remote("a/rivers.jsonl")) == []


def test_password_of_a_remote_folder_is_in_no_output(tmp_path: Path) -> None:
    remote("one.jsonl", "two.jsonl")
    assert run_urls(tmp_path, f"memory://ann:{SECRET}@bucket") == []


def test_password_of_urls_that_share_a_name_is_in_no_output(tmp_path: Path) -> None:
    assert run_urls(tmp_path, *remote("rivers.jsonl", "deep/rivers.jsonl")) == []


@pytest.mark.parametrize("end", ["none.jsonl", "*.none", "rivers.jsonl?token=" + SECRET])
@pytest.mark.parametrize("protocol", ["memory", "nosuch", "s3"])
def test_password_of_a_url_that_fails_is_in_no_message(protocol: str, end: str, tmp_path: Path) -> None:
    assert run_urls(tmp_path, f"{protocol}://ann:{SECRET}@bucket/{end}") == []
