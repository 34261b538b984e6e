"""Writing TOML, which the standard library only reads; a spec needs no more than tables of plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tomli_w

from evornn.errors import EvornnError, shown


def dumps(tables: Mapping[str, Mapping[str, object] | Sequence[Mapping[str, object]]]) -> str:
    """TOML text of a mapping of tables and lists of tables; None is left out. EvornnError for values that specs cannot
    hold.
    """
    return tomli_w.dumps(_plain(tables))


def _plain(value: object) -> Any:
    """A copy without None, which TOML has no word for; EvornnError for what is no table, list or plain value."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, int, float, str)):
        return value
    raise EvornnError(f"a spec cannot hold {shown(value)}")
