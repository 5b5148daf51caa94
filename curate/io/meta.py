"""The JSON text in the column `meta`: every input field that did not become text of a message."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from collections.abc import Collection, Mapping
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

from curate.io.model import RecordError, show

#: Lengths in characters of the parts that were joined to one message, so that the join can be undone.
PARTS: Final = "_parts"
#: Which instance of a task an example is, and that instance's own other fields.
INSTANCE: Final = "_instance"
#: What a reader chose, joined or changed to make the example.
READER: Final = "_reader"
RESERVED: Final = frozenset((PARTS, INSTANCE, READER))


def _plain(value: object) -> object:
    """What a Parquet file may hold and JSON does not, as text."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"no JSON for {type(value).__name__}")


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain, allow_nan=False).encode


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value


def dump(value: Any) -> str:
    """`value` as compact JSON, nothing escaped that need not be.

    Values that only a Parquet file can hold become text: dates and times in ISO 8601, decimals and durations
    as Python prints them, bytes in base64, NaN and infinities by name.
    """
    try:
        return _encode(value)
    except ValueError:
        return _encode(_finite(value))


def refuse_reserved(record: Mapping[str, Any]) -> None:
    """Raise `RecordError` if the record has a field with a name that readers use in `meta`."""
    if PARTS in record or INSTANCE in record or READER in record:
        names = ", ".join(show(name) for name in (PARTS, INSTANCE, READER))
        raise RecordError("reserved_field", f"The field names {names} are reserved.")


#: Field names as JSON, which are the same for a whole file.
_names: dict[str, str] = {}


def _name(key: str) -> str:
    text = encode_basestring(key)
    if len(_names) < 4096 and len(key) < 100:
        _names[key] = text
    return text


def meta_json(record: Mapping[str, Any], used: Collection[str], extra: str = "") -> str:
    """The fields of `record` that are not in `used`, in their order, then `extra`, as one JSON object.

    Parameters
    ----------
    extra : members made by the reader, as JSON text such as `"_parts":{"instruction":4,"input":2}`.

    Raises
    ------
    RecordError : the record has a field with a reserved name.
    """
    refuse_reserved(record)
    members = [
        f"{_names.get(key) or _name(key)}:{encode_basestring(value) if type(value) is str else dump(value)}"
        for key, value in record.items()
        if key not in used
    ]
    if extra:
        members.append(extra)
    return "{" + ",".join(members) + "}"
