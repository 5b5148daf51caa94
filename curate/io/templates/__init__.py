"""Template files for tables of tasks: where they are, and their bytes. The shipped ones lie beside this module."""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from typing import Final

from curate.errors import ConfigError

_FOLDER: Final = Path(__file__).parent
#: A template file is a few kilobytes of text; anything this large is none.
MAX_FILE_BYTES: Final = 1024 * 1024


def shipped_templates() -> list[str]:
    """The names of the shipped templates."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def template_path(name: str) -> Path:
    """Where a template is: a shipped one by its name, any other by its path."""
    return _FOLDER / f"{name}.yaml" if name in shipped_templates() else Path(name)


def template_bytes(name: str) -> bytes:
    """The bytes of a template file.

    Parameters
    ----------
    name : of a shipped template, or a path.

    Raises
    ------
    ConfigError : there is no such template, or it cannot be read.
    """
    path = template_path(name)
    try:
        if path.is_file():
            with path.open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise ConfigError(f"{name}: a template file has at most {MAX_FILE_BYTES} bytes")
            return data
        if path.exists():
            raise ConfigError(f"{name}: a template is a file")
    except (OSError, ValueError) as error:  # a null character in the name is a ValueError
        raise ConfigError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    near = difflib.get_close_matches(name, shipped_templates(), n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"shipped are {', '.join(shipped_templates())}"
    raise ConfigError(f"--template: no file and no shipped template named `{name}`; {hint}")


def template_digest(name: str) -> str:
    """SHA-256 of a template file, in hexadecimal digits; raises as `template_bytes`."""
    return hashlib.sha256(template_bytes(name)).hexdigest()
