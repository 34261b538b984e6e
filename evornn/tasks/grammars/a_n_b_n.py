"""The context-free language a^n b^n, by the protocol in `counting` (Gers & Schmidhuber 2001)."""

from __future__ import annotations

from evornn.tasks.grammars.counting import Counting


class AnBn(Counting):
    """a^n b^n: give all symbols that may come next, so count the a's (context-free; Gers & Schmidhuber 2001).

    Options as for `Counting`.
    """

    LETTERS = "ab"
