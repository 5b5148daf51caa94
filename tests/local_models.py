"""Models made on the spot, and an endpoint on this machine, for stages that are thin over large ones."""

from __future__ import annotations

import functools
import importlib.util
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.helpers import TEXTS, kept_folder

#: What each stage needs beside the base installation.
NEEDS = {"ifd": ("torch", "transformers"), "reward_model": ("torch", "transformers"), "llm_judge": ("openai",)}


def lacking(stage: str) -> str | None:
    """The package that a stage needs and that is not installed."""
    return next((name for name in NEEDS.get(stage, ()) if importlib.util.find_spec(name) is None), None)


def local(config: dict[str, Any]) -> dict[str, Any]:
    """The parameters of an example, with what lies elsewhere replaced by what is made here."""
    match config["stage"]:
        case "ifd":
            return {**config, "model": str(causal())}
        case "reward_model":
            return {**config, "model": str(reward())}
        case "llm_judge":
            return {**config, "endpoint": standing_endpoint()}
    return config


def _tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet,
                                  show_progress=False)  # fmt: skip
    made.train_from_iterator([f"{q} {a}" for q, a in TEXTS], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")
    fast.save_pretrained(folder)
    return fast


def _config(**more: Any) -> Any:
    from transformers import LlamaConfig

    return LlamaConfig(vocab_size=400, hidden_size=32, intermediate_size=64, num_hidden_layers=2, bos_token_id=0,
                       num_attention_heads=2, max_position_embeddings=2048, initializer_range=0.5, **more)  # fmt: skip


def _save(model: Any, folder: Path) -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()
    model.save_pretrained(folder)
    logging.enable_progress_bar()


@functools.cache
def causal() -> Path:
    """A tiny causal model with random weights, large enough ones that its losses differ."""
    import torch
    from transformers import LlamaForCausalLM

    folder = kept_folder("curate-causal-")
    _tokenizer(folder)
    torch.manual_seed(5)
    _save(LlamaForCausalLM(_config()), folder)
    return folder


@functools.cache
def reward(labels: int = 1, template: str | None = None) -> Path:
    """A tiny sequence classifier with random weights."""
    import torch
    from transformers import LlamaForSequenceClassification

    folder = kept_folder("curate-reward-")
    tokenizer = _tokenizer(folder)
    if template is not None:
        tokenizer.chat_template = template
        tokenizer.save_pretrained(folder)
    torch.manual_seed(6)
    _save(LlamaForSequenceClassification(_config(num_labels=labels)), folder)
    return folder


#: What an endpoint does with a request: given the conversation it rates and how often that was sent before.
Behaviour = Callable[[BaseHTTPRequestHandler, str, int], None]


def answer(handler: BaseHTTPRequestHandler, text: Any, *, status: int = 200, headers: dict[str, str] | None = None,
           raw: bytes | None = None) -> None:  # fmt: skip
    """A chat completion with `text`, or the bytes in `raw`."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    whole = {"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice],
             "usage": {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}}  # fmt: skip
    body = json.dumps(whole).encode() if raw is None else raw
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def verdict(score: float, explanation: str = "So it is.") -> str:
    return json.dumps({"explanation": explanation, "score": score})


@dataclass
class Endpoint:
    """A server on this machine, and what it was sent."""

    behaviour: Behaviour
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    most_at_once: int = 0


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Endpoint]:
    """An endpoint that behaves so, while the context lasts."""
    endpoint = Endpoint(behaviour)
    seen: dict[str, int] = {}
    lock = threading.Lock()
    now = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            nonlocal now
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content = body["messages"][1]["content"]
            with lock:
                now += 1
                endpoint.most_at_once = max(endpoint.most_at_once, now)
                before = seen.get(content, 0)
                seen[content] = before + 1
                endpoint.requests.append(body)
                endpoint.keys.append(self.headers.get("Authorization", ""))
                endpoint.paths.append(self.path)
            try:
                behaviour(self, content, before)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with lock:
                    now -= 1

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def by_length(handler: BaseHTTPRequestHandler, content: str, before: int) -> None:
    """A judge that looks at the length alone."""
    answer(handler, verdict(len(content) % 6))


def drip(handler: BaseHTTPRequestHandler, seconds: float, *, headers: bool = False) -> None:
    """One byte at a time, so that no single read is ever late."""
    if headers:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    else:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
    for _ in range(int(seconds / 0.05)):
        handler.wfile.write(b" " if not headers else b"a")
        handler.wfile.flush()
        time.sleep(0.05)
    handler.close_connection = True


_standing: list[Any] = []


def standing_endpoint() -> str:
    """The URL of an endpoint that answers until the tests end."""
    if not _standing:
        context = serving(by_length)
        _standing.append((context, context.__enter__()))
    url: str = _standing[0][1].url
    return url
