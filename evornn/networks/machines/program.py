"""Programs of machines with stacks, and Turing machines as such: what `RationalMachine` runs.

A step looks at the input and at the tops of the stacks, takes those tops that its rule names, pushes, and goes to the
next state. Two stacks are a tape (left and right of the head), so two stacks do for every Turing machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BLANK = "_"  # of tapes; beyond a tape's ends all is blank


@dataclass(frozen=True)
class Rule:
    """state -> to, where the input is `see` ("": none, None: whatever) and each stack's top is that of `tops` ("":
    empty, None: whatever). pushes: for each stack what is pushed in place of the named top, the last symbol on top;
    None: the stack stays as it is.
    """

    state: str
    to: str
    see: str | None
    tops: tuple[str | None, ...]
    pushes: tuple[str | None, ...]


@dataclass(frozen=True)
class Program:
    """A deterministic machine: where no rule applies it stops, in no state. inputs, symbols: the alphabets, a letter
    each, of the input and of the stacks. It begins in the state of the first rule, with empty stacks.
    """

    inputs: str
    symbols: str
    rules: tuple[Rule, ...]

    @property
    def stacks(self) -> int:
        """How many stacks there are."""
        return len(self.rules[0].tops)

    @property
    def states(self) -> list[str]:
        """Names of the states, as they come in the rules; the first is the first one."""
        return list(dict.fromkeys(name for rule in self.rules for name in (rule.state, rule.to)))


def turing_machine(moves: Mapping[tuple[str, str], tuple[str, str, str]], inputs: str) -> Program:
    """A program from moves (state, symbol) -> (next state, symbol written, "L" or "R"). The first state is the first
    move's; a state without moves is one to stop in. The tape is read from the input, symbol by symbol, "." being its
    end; the head then goes to its first symbol.
    """
    symbols = "".join(dict.fromkeys([*inputs, *(symbol for _, symbol in moves), BLANK]))
    reading = [Rule("read", "read", a, (None, None), (a, None)) for a in inputs]
    waiting = Rule("read", "read", "", (None, None), (None, None))
    first = next(iter(moves))[0]
    back = [Rule("back", "back", None, (a, None), ("", a)) for a in inputs]
    begin = Rule("back", first, None, ("", None), (None, None))
    rules = [*reading, waiting, Rule("read", "back", ".", (None, None), (None, None)), *back, begin]
    for (state, symbol), (to, written, move) in moves.items():
        for top in [symbol, ""] if symbol == BLANK else [symbol]:
            if move == "R":
                rules.append(Rule(state, to, None, (None, top), (written, "")))
            else:
                rules += [Rule(state, to, None, (left, top), ("", written + left)) for left in symbols]
                rules.append(Rule(state, to, None, ("", top), (None, written + BLANK)))
    stops = dict.fromkeys(to for to, _, _ in moves.values() if to not in {state for state, _ in moves})
    rules += [Rule(state, state, None, (None, None), (None, None)) for state in stops]
    return Program(f"{inputs}.", symbols, tuple(rules))


def _one(*rules: tuple[str, str, str | None, str | None, str | None]) -> tuple[Rule, ...]:
    """Rules of a machine with one stack."""
    return tuple(Rule(state, to, see, (top,), (push,)) for state, to, see, top, push in rules)


BRACKETS = Program(  # right at every step: in state "so far" and the stack empty, the string is balanced
    "()",
    "x",
    _one(
        ("so far", "so far", "(", None, "x"),
        ("so far", "so far", ")", "x", ""),
        ("so far", "wrong", ")", "", None),
        ("so far", "so far", "", None, None),
        ("wrong", "wrong", None, None, None),
    ),
)
ADDER = Program(  # reads 1 + 1 1 =, then is in state "one" for as many steps as the sum, then in "done"
    "1+=",
    "1",
    _one(
        ("read", "read", "1", None, "1"),
        ("read", "read", "+", None, None),
        ("read", "read", "", None, None),
        ("read", "one", "=", "1", ""),
        ("read", "done", "=", "", None),
        ("one", "one", None, "1", ""),
        ("one", "done", None, "", None),
        ("done", "done", None, None, None),
    ),
)


def _palindromes(letters: Iterable[str]) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Take the first letter, look for it at the end, go back, until nothing is left: "yes", or "no"."""
    moves = {("first", a): (f"go {a}", BLANK, "R") for a in letters} | {("first", BLANK): ("yes", BLANK, "R")}
    for a in letters:
        moves |= {(f"go {a}", b): (f"go {a}", b, "R") for b in letters} | {(f"go {a}", BLANK): (f"at {a}", BLANK, "L")}
        moves |= {(f"at {a}", b): ("home", BLANK, "L") if a == b else ("no", b, "R") for b in letters}
        moves[f"at {a}", BLANK] = ("yes", BLANK, "R")
    return moves | {("home", b): ("home", b, "L") for b in letters} | {("home", BLANK): ("first", BLANK, "R")}


PALINDROMES = turing_machine(_palindromes("01"), "01")
PROGRAMS = {"brackets": BRACKETS, "adder": ADDER, "palindromes": PALINDROMES}
