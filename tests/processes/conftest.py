"""Makes `work` importable: here and in child processes that unpickle what they made."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent)]
