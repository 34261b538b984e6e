"""Where jobs run: worker processes that are watched and replaced."""
