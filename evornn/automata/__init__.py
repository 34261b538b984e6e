"""Finite automata and networks: one drawn out of a trained network (`extraction`), one put into weights (`insertion`);
`automaton` is the automaton.
"""

from evornn.automata.automaton import Automaton
from evornn.automata.extraction import extract
from evornn.automata.insertion import insert

__all__ = ["Automaton", "extract", "insert"]
