"""A network in a task, ready to evaluate: the one object that searches, trainers and analyses talk to."""

from evornn.problem.problem import BACKENDS, PRECISIONS, Problem

__all__ = ["BACKENDS", "PRECISIONS", "Problem"]
