"""Takes the next items of an iterator in a thread of its own, while the items before are worked on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Final, TypeVar

T = TypeVar("T")

_DEPTH: Final = 4
_END: Final = object()


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def ahead(items: Iterator[T], depth: int = _DEPTH) -> Iterator[T]:
    """The same items in the same order; up to `depth` of them are taken before they are asked for.

    Worth it where taking one mostly leaves the interpreter to others, as unpacking does. An error comes where it
    would have come; when this iterator is closed early the thread is stopped, and `items` closed in it.
    """
    ready: queue.Queue[object] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: object) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(item):
                    break
            else:
                put(_END)
        except BaseException as error:  # noqa: BLE001 (handed to the thread that asks, whatever it is)
            put(_Failure(error))
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=work, name="curate-ahead", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc] # what `work` put in
    finally:
        stop.set()
        thread.join()
