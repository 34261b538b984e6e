"""Writing TOML, which the standard library only reads; a spec needs no more than tables of plain values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from evornn.errors import EvornnError, shown

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dumps(tables: Mapping[str, Mapping[str, Any] | Sequence[Mapping[str, Any]]]) -> str:
    """TOML text of a mapping of tables and lists of tables; None is left out. EvornnError for values that specs cannot
    hold.
    """
    blocks = []
    for name, content in tables.items():
        if isinstance(content, Mapping):
            blocks.append(_block(f"[{_key(name)}]", content))
        else:
            blocks += [_block(f"[[{_key(name)}]]", table) for table in content]
    return "\n\n".join(blocks) + "\n"


def _block(head: str, table: Mapping[str, Any]) -> str:
    return "\n".join([head, *(f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None)])


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):  # JSON's escapes are TOML's, but for DEL and for letters beyond 16 bits
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None) + "}"
    raise EvornnError(f"a spec cannot hold {shown(value)}")
