"""The engine of a Ray cluster: one task for each shard, and the same bytes as on one machine.

Every machine must see the cache folder under the same path: tasks load their shard's columns from it and write their
parts into it. Ray carries what selectors make of the shards, as Arrow streams, and small things. It is Ray Core that is
used, not Ray Data.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import polars as pl

from curate.cache import Step, Table
from curate.engine import connection, worker
from curate.engine.base import Progress, place, run_stage, write_verdicts
from curate.engine.local import LocalEngine
from curate.errors import CurateError, StageError
from curate.manifest import versions
from curate.stage import Finding, FrameFn, Selector, Stage

T = TypeVar("T")

#: A task is done again if its process or machine is lost, so often.
_RETRIES: Final = 5
#: Tasks that are handed to Ray and not done yet, at most.
_WINDOW: Final = 1024
#: In a shuffle: at most so many pieces on each side, so that there are at most 65,536 objects of it.
_PIECES: Final = 256
#: On the receiving side so many for each shard that one of the giving side holds: an object has some thousand rows.
#: Ray keeps objects below 100 KB in the process that asked for them, where many would add up.
_SHARE: Final = 8


@dataclass(frozen=True)
class _Tasks:
    """The tasks of one stage: hands them to Ray, and says of a lost one which shard it was at."""

    stage: Stage
    table: Table
    job: Any
    advance: Callable[[int], None]

    def submit(self, fn: Callable[..., Any], *args: Any, returns: int = 1) -> Any:
        return _remote(fn, returns).remote(self.job, *args)

    def wait(self, calls: Sequence[tuple[int | None, Callable[[], Any]]]) -> Iterator[tuple[int, Any]]:
        """The place of each call and its result, as they come; a call is made when there is room for it.

        Each call has the number of its shard, if it has one. If one fails, the others are given up: nobody waits for
        them, and Ray ends them with the connection. They are not cancelled: a task that ends while it is cancelled ends
        this whole process (a check in Ray's `task_manager.cc`, seen in 2.60), and nobody would be told what failed.
        """
        import ray

        waiting = list(enumerate(calls))[::-1]
        running: dict[Any, int] = {}
        while waiting or running:
            while waiting and len(running) < _WINDOW:
                at, (_, call) = waiting.pop()
                running[call()] = at
            (ref,), _ = ray.wait(list(running), num_returns=1)
            at = running[ref]
            result = self._result(ref, calls[at][0])
            del running[ref], ref
            yield at, result

    def _result(self, ref: Any, shard: int | None) -> Any:
        import ray.exceptions

        def where() -> str:
            return "a group of rows" if shard is None else place(self.table, [shard])

        try:
            return ray.get(ref)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, CurateError):
                raise error.cause from None
            raise StageError(
                f"{self.stage.name} failed on {where()}: {type(error.cause).__name__}: {error.cause}"
            ) from error
        except ray.exceptions.RayError as error:
            told = str(error).partition("\n")[0]
            raise StageError(f"{self.stage.name} failed on {where()}: {type(error).__name__}: {told}") from error


@dataclass(frozen=True)
class RayShards:
    """A selector's handle on rows that lie on the machines of a cluster.

    `grouped` holds, after `group`, the objects with all rows of some keys each; before it, a shard is where rows begin.
    `fns` are the functions still to be called, each an object of Ray's, so that it travels once to each machine.
    """

    tasks: _Tasks
    fns: tuple[Any, ...] = ()
    grouped: tuple[tuple[Any, ...], ...] | None = None
    apart: bool = True

    def rows(self) -> pl.Series:
        """`row` of all rows."""
        return self.tasks.table.rows()

    def map(self, fn: FrameFn) -> RayShards:
        """`fn` over every shard, when collected."""
        import ray

        return RayShards(self.tasks, (*self.fns, ray.put(fn)), self.grouped)

    def group(self, key: str, fn: FrameFn) -> RayShards:
        """`fn` over frames that each hold all rows of some values of `key`; the split is made now, in the cluster."""
        import ray

        if self.grouped is not None:
            raise StageError(f"{self.tasks.stage.name}: rows can be grouped once; collect them in between")
        count = len(self.tasks.table.parts)
        pieces = min(count, _PIECES)
        some = [list(range(start, count, pieces)) for start in range(pieces)]
        into = min(count, _PIECES, _SHARE * count // pieces)
        made: list[Any] = [None] * pieces

        def split(at: int) -> Callable[[], Any]:
            def call() -> Any:
                refs = self.tasks.submit(_split, some[at], list(self.fns), key, into, returns=into + 1)
                made[at] = refs[1:]
                return refs[0]

            return call

        for at, _ in self.tasks.wait([(some[at][0], split(at)) for at in range(pieces)]):
            for index in some[at]:
                self.tasks.advance(index)
        return RayShards(self.tasks, (ray.put(fn),), tuple(zip(*made, strict=True)))

    def collect(self) -> pl.DataFrame:
        """One frame of all rows, sorted by `row`."""
        fns = list(self.fns)
        calls: list[tuple[int | None, Callable[[], Any]]] = []
        if self.grouped is None:
            calls += [(i, self._call(_map, i, fns)) for i in range(len(self.tasks.table.parts))]
        else:
            calls += [(None, self._call(_group, fns, *refs)) for refs in self.grouped]
        frames: list[pl.DataFrame] = [pl.DataFrame()] * len(calls)
        for at, packed in self.tasks.wait(calls):
            frames[at] = worker.unpack(packed)
            if self.grouped is None:
                self.tasks.advance(at)
        frame = pl.concat(frames, how="vertical")
        return frame if frame["row"].is_sorted() else frame.sort("row", maintain_order=True)

    def _call(self, fn: Callable[..., Any], *args: Any) -> Callable[[], Any]:
        return lambda: self.tasks.submit(fn, *args)

    def share(self, value: T) -> T:
        """`value` itself: a function that holds it goes to each machine once, and its arrays are shared there."""
        return value


@functools.cache
def _remote(fn: Callable[..., Any], returns: int) -> Any:
    """`fn` as a task, made once: Ray sends each anew to every process."""
    import ray

    return ray.remote(num_cpus=1, max_retries=_RETRIES, num_returns=returns)(fn)


def _map(job: worker.Job, index: int, fns: Sequence[Any]) -> Any:
    return worker.map_part(job, index, _functions(fns))


def _split(job: worker.Job, indexes: Sequence[int], fns: Sequence[Any], key: str, count: int) -> list[Any]:
    return [None, *worker.split_parts(job, indexes, _functions(fns), key, count)]


def _group(job: worker.Job, fns: Sequence[Any], *parts: Any) -> Any:
    return worker.group_part(job, _functions(fns), *parts)


def _functions(refs: Sequence[Any]) -> list[FrameFn]:
    import ray

    functions: list[FrameFn] = ray.get(list(refs))
    return functions


@dataclass
class RayEngine:
    """Runs stages as tasks of a Ray cluster. Use it in a `with` block, or call `close`.

    Parameters
    ----------
    address : `local` starts Ray on this machine and ends it afterwards; `auto` takes the cluster that this machine is
        part of; else `host:port` of a cluster's head, or `ray://host:port` of its client server.
    cpus : with `local`, how many tasks run at once (default: all cores).

    Raises
    ------
    UsageError : Ray is not installed, or nothing answers at `address`, or not as needed.
    """

    address: str = "local"
    cpus: int | None = None
    _versions: Mapping[str, str] = field(default_factory=versions, init=False)

    def __post_init__(self) -> None:
        connection.connect(self.address, self.cpus)

    def __enter__(self) -> RayEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the cluster; one that this object started ends."""
        connection.disconnect()

    def prepare(self, stages: Sequence[Stage], root: Path) -> None:
        """See `Engine.prepare`: asks every machine for packages, models and the cache folder."""
        mine = [stage for stage in stages if not stage.one_process]
        keys = [stage.content_key() for stage in mine]
        root.mkdir(parents=True, exist_ok=True)
        mark = root.resolve() / f".seen-{os.getpid()}-{secrets.token_hex(4)}"
        mark.touch()
        try:
            connection.ask_every_node(dict(self._versions), mark, mine, keys)
        finally:
            mark.unlink(missing_ok=True)

    def run(self, stage: Stage, table: Table, step: Step, progress: Progress) -> tuple[Finding, ...]:
        """See `Engine.run`."""
        import ray

        if stage.one_process:
            return LocalEngine().run(stage, table, step, progress)
        step.start()
        seen: set[int] = set()

        def advance(index: int) -> None:
            if index not in seen:  # a selector may go over the rows more than once
                seen.add(index)
                progress.advance()

        job = ray.put(worker.Job(stage, table, step, self._versions))
        tasks = _Tasks(stage, table, job, advance)

        def corpus(selector: Selector) -> tuple[Finding, ...]:
            selection = selector.apply(RayShards(tasks))
            write_verdicts(selector, selection, table, step)
            return selection.findings

        return run_stage(stage, corpus, lambda _: self._rows(tasks, step))

    @staticmethod
    def _rows(tasks: _Tasks, step: Step) -> None:
        finished = step.resume(len(tasks.table.parts))
        for index in finished:
            tasks.advance(index)
        todo = [index for index in range(len(tasks.table.parts)) if index not in finished]

        def call(index: int) -> Callable[[], Any]:
            return lambda: tasks.submit(worker.write_part, index)

        for at, digest in tasks.wait([(index, call(index)) for index in todo]):
            step.accept(todo[at], digest)
            tasks.advance(todo[at])
