"""One setting for every test: the repository on the path, quiet terminals, the same hypothesis examples on every run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).parents[1]

if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

for name in ("OTKEL_TRACEBACK", "FORCE_COLOR", "CLICOLOR_FORCE"):
    os.environ.pop(name, None)
os.environ.setdefault("OTKEL_BOUNDSCHECK", "0")
os.environ["NO_COLOR"] = "1"
os.environ["COLUMNS"] = "200"

settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("explore" if os.environ.get("OTKEL_EXPLORE") == "1" else "same")
