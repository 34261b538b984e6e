"""Makes `work` importable, here and in child processes that unpickle what it has made."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
