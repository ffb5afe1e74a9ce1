"""Write the table of docs/local.md that says which release of the client drove which feature.

    python scripts/client_versions.py            write the table from the last record
    python scripts/client_versions.py --check    say whether the table is current, and change nothing
    python scripts/client_versions.py --record   drive the releases of `make clients`, and note what worked

The record, ``tests/controlplane/versions.json``, names for each feature the releases whose real client was
seen using it, with a container of the same release where the feature needs one.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tminus.durable import write_json

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "local.md"
TESTS = "tests/controlplane/test_controlplane_versions.py"
RECORD = ROOT / "tests" / "controlplane" / "versions.json"
_TABLE = re.compile(r"(<!-- client versions -->\n).*?(<!-- end -->)", re.DOTALL)


def page() -> str:
    """The page with the table of the record."""
    features: dict[str, list[str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    versions = sorted({one for driven in features.values() for one in driven}, key=_key)
    rows = [["", *(f"modal {version}" for version in versions)], ["---"] * (len(versions) + 1)]
    rows += [[name, *("yes" if v in driven else "" for v in versions)] for name, driven in features.items()]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return _TABLE.sub(lambda match: match[1] + table + match[2], PAGE.read_text(encoding="utf-8"))


def record() -> None:
    """Run the tests, and note what each release did, whether the last record says so or not."""
    features: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--basetemp={folder}/tests", TESTS], cwd=ROOT, check=False
        )
        for path in Path(folder).rglob("features.json"):
            for version, done in json.loads(path.read_text(encoding="utf-8")).items():
                for name in done:
                    features.setdefault(name, []).append(version)
    write_json(RECORD, {name: sorted(versions, key=_key) for name, versions in features.items()})


def _key(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def main() -> int:
    """Do what was asked for; 1 where the table is not current."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if it is not current")
    parser.add_argument("--record", action="store_true", help="drive the releases first")
    options = parser.parse_args()
    if options.check:
        return int(PAGE.read_text(encoding="utf-8") != page())
    if options.record:
        record()
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
