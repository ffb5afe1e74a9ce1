"""Write COVERAGE.md: every call of Modal's service, and what the local control plane does with it.

    python scripts/coverage.py            write the table from the installed client and the last record
    python scripts/coverage.py --check    say whether the table is current, and change nothing
    python scripts/coverage.py --record   run the tests that drive the control plane, and note what they call

The record, ``tests/controlplane/driven.txt``, names the calls that the real client made in these tests and
that were answered.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from tminus.controlplane.service.endpoint import definition, served_calls
from tminus.controlplane.service.unserved import reason

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "COVERAGE.md"
RECORD = ROOT / "tests" / "controlplane" / "driven.txt"
DRIVING_TESTS = (
    "tests/controlplane",
    "tests/cli/test_cli_local.py",
    # It compares the table with the record that is being made.
    "--ignore=tests/controlplane/test_controlplane_coverage.py",
)

HEAD = """# What the local control plane answers

Every call of Modal's service as modal {version} defines it. Written by `scripts/coverage.py`.

- **served**: there is an answer. **driven**: the real client got that answer in this repository's tests.
- A call that is not served is refused by name (UNIMPLEMENTED) and recorded, with the reason if one is known.

The marks say which calls are answered, not that each behaves as the platform in every case.

| call | served | driven | why not |
|---|---|---|---|
"""


def table() -> str:
    """The whole document."""
    served, driven = set(served_calls()), set(RECORD.read_text(encoding="utf-8").split())
    rows = []
    for name in sorted(path.rpartition("/")[2] for path in definition()):
        marks = ("yes" if name in served else "", "yes" if name in served & driven else "")
        rows.append(f"| {name} | {marks[0]} | {marks[1]} | {'' if name in served else reason(name)} |\n")
    return HEAD.format(version=version("modal")) + "".join(rows)


def record() -> int:
    """Run the driving tests and note the calls that were answered; their exit code."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--basetemp={folder}/tests", *DRIVING_TESTS],
            cwd=ROOT,
        )
        names: set[str] = set()
        for events in Path(folder).rglob("events.jsonl"):
            for line in events.read_text(encoding="utf-8").splitlines():
                event = json.loads(line)
                if event["kind"] == "calls_served":
                    names.update(event["calls"])
    if done.returncode == 0:
        RECORD.write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    return done.returncode


def main() -> int:
    """Do what was asked for; 1 where the table is not current or a test failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if it is not current")
    parser.add_argument("--record", action="store_true", help="run the driving tests first")
    options = parser.parse_args()
    if options.check:
        return int(TABLE.read_text(encoding="utf-8") != table())
    if options.record and (code := record()):
        return code
    TABLE.write_text(table(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
