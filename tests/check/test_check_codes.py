"""The codes of the rules, known without loading the rules; what a check of one file loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tminus.check.catalogue import catalogue
from tminus.check.codes import all_codes, rule_modules
from tminus.check.rule import load_rule

LOADED = """
import sys
from tminus.cli import main
code = main(sys.argv[1:])
print(code, *sorted(name for name in sys.modules), file=sys.stderr)
"""

CLEAN = """\
import modal

app = modal.App("hello")


@app.function(timeout=600)
def hello():
    print("hello")
"""


def test_the_codes_are_those_of_the_rules() -> None:
    assert all_codes() == tuple(catalogue())
    assert all(load_rule(code).code == code for code in rule_modules())


def test_what_a_clean_file_does_not_need_is_not_loaded(tmp_path: Path) -> None:
    script = tmp_path / "hello.py"
    script.write_text(CLEAN)
    command = [sys.executable, "-c", LOADED, "check", "--no-cache", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    code, *loaded = done.stderr.split()
    assert code == "0", done.stdout
    unneeded = {
        "rich", "difflib", "hashlib", "multiprocessing", "textwrap", "tomllib", "yaml",
        "tminus.check.baseline", "tminus.check.fixing", "tminus.check.live", "tminus.check.places",
        "tminus.check.planned", "tminus.check.suppressions", "tminus.durable", "tminus.plan",
    }  # fmt: skip
    assert unneeded & set(loaded) == set()
