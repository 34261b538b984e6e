"""Shared by all tests."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # tests run side by side: more threads only get in each other's way

from hypothesis import settings

settings.register_profile("evornn", deadline=None)  # compiling a kernel for the first example is slow, and that is fine
settings.load_profile("evornn")
