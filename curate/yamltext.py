"""YAML as strictly as JSON: plain values, each with the line it stands on.

A safe loader that also refuses what YAML lets through in silence: duplicate keys, and anchors and aliases (a few
lines of which can expand to gigabytes).
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from curate.errors import ConfigError

Loc = tuple[str | int, ...]

_DECIMAL = re.compile(r"[+-]?(?:0|[1-9][0-9]*)")

_DEPTH = 50
_OPENING = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
_CLOSING = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)


class YamlText:
    """A YAML document as plain values, with the line each value stands on.

    Parameters
    ----------
    text : the document.
    name : stands for it in messages.
    shape : what the document must be, for the message where it is no mapping.

    Raises
    ------
    ConfigError : not YAML, or YAML that is not accepted here; the message starts with `name:line`.
    """

    def __init__(self, text: str, name: str, *, shape: str = "a mapping is expected here") -> None:
        self.name = name
        self.lines: dict[Loc, int] = {}
        try:
            depth = 0
            for token in yaml.scan(text, Loader=yaml.SafeLoader):
                if isinstance(token, yaml.AliasToken | yaml.AnchorToken):
                    raise ConfigError(f"{name}:{token.start_mark.line + 1}: anchors and aliases are not accepted")
                depth += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
                if depth > _DEPTH:
                    raise ConfigError(f"{name}:{token.start_mark.line + 1}: nested more than {_DEPTH} levels deep")
            node = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise ConfigError(f"{name}:{line}: not valid YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise ConfigError(f"{name}: not valid YAML: {error}") from None
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{name}: {shape}")
        self._loader = yaml.SafeLoader("")
        self.value: dict[str, Any] = self._build(node, ())

    def _build(self, node: yaml.Node, loc: Loc) -> Any:
        self.lines[loc] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            out: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = key_node.value
                line = key_node.start_mark.line + 1
                if not isinstance(key_node, yaml.ScalarNode):
                    raise ConfigError(f"{self.name}:{line}: a key must be a word")
                if key in out:
                    raise ConfigError(f"{self.name}:{line}: `{key}` is given twice")
                out[key] = self._build(value_node, (*loc, key))
                self.lines[(*loc, key)] = line
            return out
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*loc, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, f"{self.name}:{self.lines[loc]}")

    def _scalar(self, node: yaml.Node, where: str) -> Any:
        try:
            value = self._loader.construct_object(node)
        except yaml.MarkedYAMLError as error:
            raise ConfigError(f"{where}: {error.problem}") from None
        except ValueError as error:
            raise ConfigError(f"{where}: {error}") from None
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._plain(node.value, value, where)
        return value

    @staticmethod
    def _plain(written: str, value: float, where: str) -> None:
        """Refuse numbers that YAML 1.1 reads otherwise than they look: `010` as 8, `12:30` as 750, `0x10` as 16."""
        if (not _DECIMAL.fullmatch(written) and not isinstance(value, float)) or ":" in written:
            raise ConfigError(f"{where}: `{written}` is no plain decimal number; YAML would read it as {value}")
        if isinstance(value, int) and abs(value) >= 2**63:
            raise ConfigError(f"{where}: {value} is too large a number")

    def as_json(self) -> str:
        """The values as JSON, for a strict model to validate.

        Raises
        ------
        ConfigError : a value that JSON does not have (a date, NaN).
        """
        try:
            return json.dumps(self.value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{self.name}: only what JSON can hold is accepted: {error}") from None

    def where(self, loc: Loc) -> str:
        """`file:line`, of the nearest enclosing place that has one."""
        while loc not in self.lines:
            loc = loc[:-1]
        return f"{self.name}:{self.lines[loc]}"
