"""Asks: side by side, again where that may help, never beyond the limits, and never twice for one answer."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from curate.errors import ConfigError
from curate.io.atomic import atomic_file
from curate.judge.model import Judged, Plan, parse, schema

_AGAIN: Final = {"bad_answer", "rate_limited", "server_error", "timeout", "unreachable"}
_FINAL: Final = {"denied", "redirected"}
#: An answer of this kind has a few hundred bytes.
_MAX_BYTES: Final = 1 << 20
#: The longest pause between two tries, in seconds.
_MAX_PAUSE: Final = 60.0


def require_client() -> None:
    """Raise `ConfigError` unless the openai client is installed (it is not imported)."""
    if importlib.util.find_spec("openai") is None:
        raise ConfigError("a judge needs the openai client; run `pip install 'curate-sft[judge]'`")


@dataclass
class _Session:
    """What one run has asked so far; shards of rows take turns."""

    folder: Path | None
    lock: threading.Lock = field(default_factory=threading.Lock)
    began: dict[Plan, float] = field(default_factory=dict)
    requests: dict[Plan, int] = field(default_factory=dict)
    tokens: dict[Plan, int] = field(default_factory=dict)
    stopped: dict[Plan, str] = field(default_factory=dict)
    memory: dict[str, Judged] = field(default_factory=dict)


_session = _Session(None)


def begin(folder: Path | None) -> None:
    """Begin a run: budgets and deadlines start anew, and answers are kept in `folder` (None: in memory)."""
    global _session
    _session = _Session(folder)


def judge(plan: Plan, contents: Sequence[str | None]) -> list[Judged]:
    """The judgement of each content (a text that the user's turn is made of; None: too long to be sent).

    A content that was judged before, in this run or an earlier one, is not sent again. Failures are not remembered.

    Raises
    ------
    ConfigError : the key or the client is missing.
    """
    session = _session
    with session.lock:
        keys = [None if content is None else plan.address(content) for content in contents]
        new = {
            key: content
            for key, content in zip(keys, contents, strict=True)
            if key is not None and content is not None and _remembered(session, key, plan) is None
        }
        failed: dict[str, Judged] = {}
        if new:
            session.began.setdefault(plan, time.monotonic())
            failed = asyncio.run(_Asking(session, plan).all(new))
        return [Judged(failure="too_long") if key is None else failed.get(key) or session.memory[key] for key in keys]


def _remembered(session: _Session, key: str, plan: Plan) -> Judged | None:
    if key not in session.memory and session.folder is not None:
        try:
            answer = parse((session.folder / key[:2] / f"{key}.json").read_bytes(), plan)
        except OSError:
            return None
        if answer is not None:
            session.memory[key] = answer
    return session.memory.get(key)


class _Failed(Exception):  # noqa: N818 - becomes a value of the column
    def __init__(self, kind: str, pause: float | None = None) -> None:
        super().__init__(kind)
        self.kind, self.pause = kind, pause


class _Asking:
    """The requests of one call of `judge`."""

    def __init__(self, session: _Session, plan: Plan) -> None:
        self._session, self._plan = session, plan
        self._end = session.began[plan] + plan.deadline

    async def all(self, contents: Mapping[str, str]) -> dict[str, Judged]:
        """Judge each content; returns the failures, and leaves the answers in the session's memory and folder."""
        import openai

        failed: dict[str, Judged] = {}
        # A redirect would send records to a host that nobody named, and a packed answer could be of any size.
        async with (
            openai.DefaultAsyncHttpxClient(follow_redirects=False) as http,
            openai.AsyncOpenAI(
                api_key=self._plan.key(),
                base_url=self._plan.endpoint,
                max_retries=0,
                timeout=self._plan.timeout,
                default_headers={"Accept-Encoding": "identity"},
                http_client=http,
            ) as client,
        ):
            waiting = iter(contents.items())

            async def work() -> None:
                for key, content in waiting:
                    judged = await self._one(client, content)
                    if judged.failure is None:
                        self._remember(key, judged)
                    else:
                        failed[key] = judged

            await asyncio.gather(*(work() for _ in range(self._plan.concurrency)))
        return failed

    async def _one(self, client: Any, content: str) -> Judged:
        for attempt in range(self._plan.retries + 1):
            if stop := self._stop():
                return Judged(failure=stop)
            try:
                return await self._ask(client, content)
            except _Failed as error:
                if error.kind in _FINAL:
                    self._session.stopped[self._plan] = error.kind
                if error.kind not in _AGAIN or attempt == self._plan.retries:
                    return Judged(failure=error.kind)
                pause = min(2.0**attempt if error.pause is None else error.pause, _MAX_PAUSE)
                if time.monotonic() + pause >= self._end:
                    return Judged(failure="deadline")
                await asyncio.sleep(pause)
        raise AssertionError

    def _stop(self) -> str | None:
        """Why nothing more may be asked."""
        plan, session = self._plan, self._session
        if plan in session.stopped:
            return session.stopped[plan]
        if time.monotonic() >= self._end:
            return "deadline"
        requests, tokens = session.requests.get(plan, 0), session.tokens.get(plan, 0)
        spent = plan.max_requests is not None and requests >= plan.max_requests
        return "budget" if spent or (plan.max_total_tokens is not None and tokens >= plan.max_total_tokens) else None

    async def _ask(self, client: Any, content: str) -> Judged:
        """One request.

        Raises
        ------
        _Failed : anything but the object that was asked for came back, or nothing in time.
        """
        import openai

        session, plan = self._session, self._plan
        session.requests[plan] = session.requests.get(plan, 0) + 1
        left = self._end - time.monotonic()
        try:
            async with asyncio.timeout(min(plan.timeout, left)):
                body = await self._send(client, content)
        except TimeoutError:
            raise _Failed("deadline" if left <= plan.timeout else "timeout") from None
        except openai.APITimeoutError:
            raise _Failed("timeout") from None
        except openai.APIConnectionError:
            raise _Failed("unreachable") from None
        except openai.APIStatusError as error:
            raise _Failed(*_status(error)) from None
        return self._read(body)

    async def _send(self, client: Any, content: str) -> bytes:
        import httpx2
        import openai

        plan = self._plan
        form = {"type": "json_schema", "json_schema": {"name": "judgement", "strict": True, "schema": schema(plan)}}
        call = client.chat.completions.with_streaming_response.create(
            model=plan.model,
            messages=[{"role": "system", "content": plan.system}, {"role": "user", "content": content}],
            temperature=0,
            max_tokens=plan.answer_tokens,
            **({"response_format": form} if plan.schema else {}),
        )
        body = bytearray()
        try:
            async with call as response:
                if not 200 <= response.status_code < 300:  # what the client takes for no error
                    raise _Failed("redirected" if response.status_code >= 300 else "bad_answer")
                async for piece in response.iter_bytes():
                    body += piece
                    if len(body) > _MAX_BYTES:
                        raise _Failed("bad_answer")
        except openai.OpenAIError:
            raise
        except (httpx2.HTTPError, httpx2.StreamError):  # which the client does not wrap while an answer is read
            raise _Failed("unreachable") from None
        return bytes(body)

    def _read(self, body: bytes) -> Judged:
        plan = self._plan
        try:
            whole = json.loads(body)
            usage = whole.get("usage") or {}
            text = whole["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            raise _Failed("bad_answer") from None
        spent = usage.get("total_tokens") if isinstance(usage, dict) else None
        if isinstance(spent, int) and spent > 0:
            self._session.tokens[plan] = self._session.tokens.get(plan, 0) + spent
        judged = parse(text, plan) if isinstance(text, str) else None
        if judged is None:
            raise _Failed("bad_answer")
        return judged

    def _remember(self, key: str, judged: Judged) -> None:
        self._session.memory[key] = judged
        if self._session.folder is None:
            return
        path = self._session.folder / key[:2] / f"{key}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as handle:
            handle.write(json.dumps({"explanation": judged.explanation, "score": judged.score}).encode())


def _status(error: Any) -> tuple[str, float | None]:
    """The failure that an HTTP status stands for, and the pause that the endpoint asks for."""
    code = int(error.status_code)
    if code in {429, 503}:
        return ("rate_limited" if code == 429 else "server_error"), _retry_after(error.response.headers)
    if 300 <= code < 400:
        return "redirected", None
    if code in {401, 403, 404}:
        return "denied", None
    return ("server_error" if code >= 500 or code in {408, 409} else "refused"), None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds in `Retry-After`; None where there are none (or a date)."""
    text = headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
