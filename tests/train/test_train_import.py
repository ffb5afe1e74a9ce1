"""The package is light until it trains."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "trl", "peft", "datasets", "modal", "rich", "numpy")


def test_import_loads_nothing_heavy() -> None:
    code = (
        "import sys, tminus.train, tminus.train.docqa, tminus.train.checkpoint, tminus.cli.train;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
