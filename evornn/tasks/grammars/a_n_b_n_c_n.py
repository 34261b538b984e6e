"""The context-sensitive language a^n b^n c^n, by the protocol in `counting` (Gers & Schmidhuber 2001).

Widely quoted for training on n = 1 .. 10 / 20 / 30 / 40: Evolino accepts up to n = 53 / 95 / 355 / 804, LSTM by
gradient up to 29 / 67 / 93 / 101 (Schmidhuber, Wierstra, Gagliolo & Gomez 2007).
"""

from __future__ import annotations

from evornn.tasks.grammars.counting import Counting


class AnBnCn(Counting):
    """a^n b^n c^n: give all symbols that may come next, so count twice (context-sensitive; Gers & Schmidhuber 2001).

    Options as for `Counting`.
    """

    LETTERS = "abc"
