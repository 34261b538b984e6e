"""Executors: worker processes that are watched and replaced.

Read `base` first, what an executor promises; then `processes`: tasks go out, news come in, a dead worker's task is
tried again. `worker` is the other side.
"""
