"""What some tests need beyond `pip install -e '.[test]'`, by the name in their mark: `@pytest.mark.needs("torch")`."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache

from evornn.errors import EvornnError


def _package(name: str, extra: str) -> Callable[[], str]:
    def missing() -> str:
        return "" if importlib.util.find_spec(name) else f"{name} is not installed: pip install 'evornn[{extra}]'"

    return missing


def _cuda_compiler() -> str:
    try:
        from evornn.compiler.cuda import device

        device.check_compiler()
    except EvornnError as error:
        return str(error)
    return ""


NEEDS: dict[str, Callable[[], str]] = {
    "torch": _package("torch", "torch"),
    "jax": _package("jax", "jax"),
    "iohinspector": _package("iohinspector", "ioh"),
    "cuda_compiler": _cuda_compiler,
}


@cache
def missing(name: str) -> str:
    """Why a test that needs this cannot run here; "" if it can."""
    return NEEDS[name]()
