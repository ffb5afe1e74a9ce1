"""Write COVERAGE.md: every call of Modal's service, and what the local control plane does with it.

    python scripts/coverage.py            write the table from the installed client and the last record
    python scripts/coverage.py --check    say whether the table is current, and change nothing
    python scripts/coverage.py --record   run the tests that drive the control plane, and note what they call

The record, ``tests/controlplane/driven.json``, holds the calls that the real client made in these tests and
that were answered, the fields that the answers set, and the errors with which calls were refused.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tminus.controlplane.service.endpoint import definition, served_calls
from tminus.controlplane.service.unserved import reason

ROOT = Path(__file__).parent.parent
TABLE = ROOT / "COVERAGE.md"
RECORD = ROOT / "tests" / "controlplane" / "driven.json"
DRIVING_TESTS = (
    "tests/controlplane",
    "tests/cli/test_cli_local.py",
    # It compares the table with the record that is being made.
    "--ignore=tests/controlplane/test_controlplane_coverage.py",
)

HEAD = """# What the local control plane answers

Every call of Modal's service as modal {version} defines it. Written by `scripts/coverage.py`.

- **served**: there is an answer. **driven**: the real client got that answer in this repository's tests.
- **fields**: how many of the answer's fields these answers set, of those that its message is defined with.
  Many are for what does not exist here, and some are left at their default on purpose.
- **refusals**: the errors that the tests saw this call answered with.
- A call that is not served is refused by name (UNIMPLEMENTED) and recorded, with the reason if one is known.

The marks say which calls are answered, not that each behaves as the platform in every case.

| call | served | driven | fields | refusals | why not |
|---|---|---|---|---|---|
"""

Seen = dict[str, Any]


def table() -> str:
    """The whole document."""
    served = set(served_calls())
    seen: dict[str, Seen] = json.loads(RECORD.read_text(encoding="utf-8"))
    rows = []
    for path, handler in sorted(definition().items()):
        name = path.rpartition("/")[2]
        if name not in served:
            rows.append(f"| {name} |  |  |  |  | {reason(name)} |\n")
            continue
        one = seen.get(name, {})
        driven = "yes" if one.get("answered") else ""
        fields = f"{len(one['fields'])} of {len(handler.reply_type.DESCRIPTOR.fields)}" if driven else ""
        rows.append(f"| {name} | yes | {driven} | {fields} | {', '.join(one.get('refused', []))} |  |\n")
    return HEAD.format(version=version("modal")) + "".join(rows)


def read_events(folder: Path) -> dict[str, Seen]:
    """What the control planes that left their events below a folder answered, by call."""
    seen: dict[str, Seen] = {}
    for events in folder.rglob("events.jsonl"):
        for line in events.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if event["kind"] != "calls_served":
                continue
            for call in {*event["calls"], *event["refused"]}:
                one = seen.setdefault(call, {"answered": False, "fields": [], "refused": []})
                one["answered"] |= call in event["calls"]
                one["fields"] = sorted({*one["fields"], *event["fields"].get(call, [])})
                one["refused"] = sorted({*one["refused"], *event["refused"].get(call, [])})
    return seen


def record() -> int:
    """Run the driving tests and note the calls that were answered; their exit code."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--basetemp={folder}/tests", *DRIVING_TESTS],
            cwd=ROOT,
        )
        if done.returncode == 0:
            write_record(read_events(Path(folder)))
    return done.returncode


def write_record(seen: dict[str, Seen]) -> None:
    """Keep what was seen, one line a call."""
    lines = ",\n".join(f"{json.dumps(call)}: {json.dumps(one)}" for call, one in sorted(seen.items()))
    RECORD.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


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
