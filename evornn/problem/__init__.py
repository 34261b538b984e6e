"""A network in a task, ready to evaluate: the one object that searches, trainers and analyses talk to. Read `problem`;
`rollout` shows one episode.
"""

from evornn.problem.problem import BACKENDS, PRECISIONS, Problem

__all__ = ["BACKENDS", "PRECISIONS", "Problem"]
