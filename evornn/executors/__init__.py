"""Where jobs run: worker processes that are watched and replaced.

Read `processes` first: jobs go out, news come in, a dead worker's job is tried again. `worker` is the other side.
"""
