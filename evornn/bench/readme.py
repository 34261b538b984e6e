"""Blocks of a Markdown file that a command writes, between <!-- NAME:begin --> and <!-- NAME:end -->."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from evornn.atomic_files import disk_errors
from evornn.errors import EvornnError


def check_block(path: str | Path, name: str) -> None:
    """Raise EvornnError if the file cannot be read or has no block `name`."""
    _replaced(_text(path), path, name, "")


def has_block(path: str | Path, name: str) -> bool:
    """Whether the file has a block `name`; raises EvornnError if it cannot be read."""
    return f"<!-- {name}:begin" in _text(path)


def replace_block(path: str | Path, name: str, text: str) -> None:
    """Put `text` in place of what stands in the block `name`; raises EvornnError if the file has no such block."""
    new = _replaced(_text(path), path, name, text)
    with disk_errors(Path(path)):
        Path(path).write_text(new, encoding="utf-8")


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvornnError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def _replaced(old: str, path: str | Path, name: str, text: str) -> str:
    pattern = re.compile(rf"(<!-- {re.escape(name)}:begin[^>]*-->\n).*?(<!-- {re.escape(name)}:end -->)", re.DOTALL)
    new, found = pattern.subn(lambda match: f"{match[1]}{text}\n{match[2]}", old)
    if not found:
        raise EvornnError(f"{path} has no block between <!-- {name}:begin --> and <!-- {name}:end -->")
    return new


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as Markdown, its first column to the left, the others to the right."""
    rule = f"|{'|'.join('---' if i == 0 else '--:' for i in range(len(columns)))}|"
    return "\n".join([f"| {' | '.join(columns)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])
