"""The table of coverage is what the service is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tminus.controlplane.service.endpoint import definition, served_calls
from tminus.controlplane.service.unserved import beginnings, reason

ROOT = Path(__file__).parents[2]


def test_the_table_is_current():
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "coverage.py"), "--check"])
    assert done.returncode == 0, "run scripts/coverage.py"


def test_every_call_that_the_record_names_is_served():
    recorded = json.loads((ROOT / "tests" / "controlplane" / "driven.json").read_text())
    assert set(recorded) <= set(served_calls())


def test_every_field_that_the_record_names_is_one_of_its_message():
    recorded = json.loads((ROOT / "tests" / "controlplane" / "driven.json").read_text())
    for path, handler in definition().items():
        defined = {field.name for field in handler.reply_type.DESCRIPTOR.fields}
        assert set(recorded.get(path.rpartition("/")[2], {}).get("fields", [])) <= defined, path


def test_reasons_are_given_for_calls_that_are_not_served_only():
    unserved = {path.rpartition("/")[2] for path in definition()} - set(served_calls())
    assert [name for name in served_calls() if reason(name)] == []
    for beginning in beginnings():
        assert any(name.startswith(beginning) for name in unserved), beginning
