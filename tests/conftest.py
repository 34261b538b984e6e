"""Shared by all tests."""

from hypothesis import settings

settings.register_profile("evornn", deadline=None)  # compiling a kernel for the first example is slow, and that is fine
settings.load_profile("evornn")
