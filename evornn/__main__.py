"""`python -m evornn` is the command line."""

from evornn.cli import main

main()
