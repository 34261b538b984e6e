"""Drawing the episodes of a task, once it is known that there is memory for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from evornn.errors import EvornnError
from evornn.memory import check_memory

MANY = 10_000  # episodes from which on their table is predicted before it is drawn
EACH = 400  # bytes of what is kept and computed for an episode besides its row


def drawn_twice(task: Any, episodes: int, seed: int) -> Any:
    """As `drawn`; EvornnError if the seed does not decide them: runs could not be repeated, resumed or compared."""
    table, again = (drawn(task, episodes, seed) for _ in range(2))
    if not np.array_equal(np.asarray(table, dtype=object), np.asarray(again, dtype=object)):
        raise EvornnError(
            f"{type(task).__name__}.scenarios gives other episodes for the same seed; draw them from a generator made "
            "of it: np.random.default_rng(seed)"
        )
    return table


def drawn(task: Any, episodes: int, seed: int) -> Any:
    """The scenarios [episodes, k] of `task`; EvornnError if they need more memory than there is."""
    if episodes > MANY:
        check_episodes(task.scenarios(1, seed), episodes, "episodes")
    return task.scenarios(episodes, seed)


def check_episodes(row: Any, episodes: int, what: str) -> None:
    """Raise EvornnError if so many rows like `row` [1, k] need more memory than there is; `what`: the option."""
    needed = (3 * 8 * np.shape(row)[-1] + EACH) * int(episodes)
    check_memory(f"{what}={episodes:,}", needed, "fewer episodes need less")
