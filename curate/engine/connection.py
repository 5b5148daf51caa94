"""Finding a Ray cluster, and whether its machines have what a run needs."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from curate.algorithms.parallel import threads
from curate.engine import worker
from curate.errors import CurateError, UsageError
from curate.stage import Stage

#: Seconds to wait for an answer at an address.
_PATIENCE: Final = 5.0

#: One thread for each task: Ray hands out cores, and a library that takes all of them would share them with others.
_ENVIRONMENT: Final = {
    "POLARS_MAX_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def connect(address: str, cpus: int | None) -> None:
    """Connect this process to the cluster at `address`, as `curate.engine.ray.RayEngine` has it.

    Raises
    ------
    UsageError : Ray is not installed, or nothing answers at `address`, or not as needed.
    """
    if importlib.util.find_spec("ray") is None:
        raise UsageError("the engine `ray` needs Ray; run `pip install 'curate-sft[ray]'`")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    import ray.exceptions

    _refuse_unanswered(address)
    # Without an address, Ray joins whatever cluster it finds traces of.
    options: dict[str, Any] = {"address": address, "runtime_env": {"env_vars": _ENVIRONMENT}, "log_to_driver": False,
                               "logging_level": "ERROR", "configure_logging": True}  # fmt: skip
    if address == "local":
        options |= {"num_cpus": cpus or threads(), "include_dashboard": False}
    try:
        with _signals_kept():
            ray.init(**options)
    except (ConnectionError, RuntimeError, ValueError, ImportError, ray.exceptions.RayError) as error:
        raise UsageError(_explained(address, error)) from error


def _refuse_unanswered(address: str) -> None:
    """Raise `UsageError` unless `address` is a word that Ray knows, or something listens there: Ray waits a minute."""
    if address in {"local", "auto"}:
        return
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit() or not host:
        raise UsageError(f"--address {address}: use local, auto, HOST:PORT or ray://HOST:PORT")
    if address.startswith("ray://") and importlib.util.find_spec("grpc") is None:
        raise UsageError(f"--address {address}: Ray's client is not installed; run `pip install 'ray[client]'`")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"--address {address}: no Ray cluster answers there ({why})") from error


def _explained(address: str, error: Exception) -> str:
    """One message for whatever kept Ray from connecting."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    text = "\n".join(str(one) for one in chain)
    where = f"--address {address}"
    if "ersion mismatch" in text:
        facts = "; ".join(line.strip() for line in text.splitlines() if "Ray:" in line or "Python:" in line)
        return (
            f"{where}: the cluster runs another version of Ray or Python than this machine ({facts}); install the same"
        )
    if "uthentication" in text:
        return (f"{where}: the cluster wants its token; set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or "
                "RAY_AUTH_TOKEN_PATH, as on its machines")  # fmt: skip
    if address == "auto":
        return f"{where}: this machine is part of no running Ray cluster; start one with `ray start --head`"
    return f"{where}: Ray cannot connect: {str(error).partition(chr(10))[0]}"


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray installs handlers of its own; the command line's, which end a run so that it can go on, stay."""
    if threading.current_thread() is not threading.main_thread():  # then neither Ray nor anybody else installs any
        yield
        return
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            if handler is not None:
                signal.signal(number, handler)


def disconnect() -> None:
    """End what `connect` began."""
    import ray

    with _signals_kept():
        ray.shutdown()


def ask_every_node(
    told: Mapping[str, str], mark: Path, stages: Sequence[Stage], keys: Sequence[Mapping[str, Any]]
) -> None:
    """`curate.engine.worker.probe` on each machine that has a core to work with.

    Raises
    ------
    UsageError : a machine lacks something; the message names it.
    """
    import ray
    import ray.exceptions
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as At

    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
    if not nodes:
        raise UsageError("the Ray cluster has no machine with a core to work with")

    def on_each(fn: Callable[..., Any], *args: Any) -> list[tuple[str, Any]]:
        asked = []
        for node in nodes:
            there = At(node["NodeID"], soft=False)
            task = ray.remote(num_cpus=0, max_retries=2, scheduling_strategy=there)(fn)
            asked.append((node["NodeManagerHostname"], task.remote(*args)))
        return asked

    def answers(refs: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
        for name, ref in refs:
            try:
                yield name, ray.get(ref)
            except ray.exceptions.RayError as error:
                cause = getattr(error, "cause", None)
                if isinstance(cause, CurateError):
                    raise cause from None
                what = str(cause or error).partition("\n")[0]
                raise UsageError(f"the Ray node {name} cannot be used: {what}") from error

    for name, fault in answers(on_each(_importer())):
        if fault is not None:
            what = f"has no package curate-sft that can be used ({fault}); install the same as on this machine"
            raise UsageError(f"the Ray node {name} {what}")
    for _ in answers(on_each(worker.probe, told, mark, stages, keys)):
        pass


def _importer() -> Callable[[], str | None]:
    """A function that Ray sends as code and not by name, since it must run where curate is not installed."""

    def missing() -> str | None:
        try:
            import curate.engine.worker  # noqa: F401 - whether it can be had is the question
        except ImportError as error:
            return str(error)
        return None

    return missing
