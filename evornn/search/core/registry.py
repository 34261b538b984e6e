"""The searches by name: filled by `evornn.search`, read by searches that are made of others."""

from __future__ import annotations

from evornn.search.core.search import Search

REGISTRY: dict[str, type[Search]] = {}
