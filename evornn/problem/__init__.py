"""A network in a task, ready to evaluate: the one object that searches, trainers and analyses talk to.

Read `problem` first. `inputs` checks what it is given, `champion` tests the best in float64, `copies` makes the same
problem with other or shorter episodes, `rollout` shows one episode step by step.
"""

from evornn.problem.problem import BACKENDS, PRECISIONS, Problem

__all__ = ["BACKENDS", "PRECISIONS", "Problem"]
