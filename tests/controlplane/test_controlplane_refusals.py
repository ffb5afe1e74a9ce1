"""What the platform refuses is refused here, with the limit, its source and its date."""

from __future__ import annotations

import os

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("count", ["H100:10", "at most 8", "https://modal.com/docs/guide/gpu", "as of 2026-"]),
        ("type", ["H1000 is not a valid GPU type"]),
        ("timeout", ["timeout=90000", "86400", "https://modal.com/docs/guide/timeouts"]),
        ("retries", ["retries=11", "maximum of 10", "as of"]),
        ("fallback", ["A10:8", "at most 4"]),
        ("cluster-partial", ["H100:5", "all 8 GPUs of its host", "H100:8", "2026-05-31"]),
        ("cluster-cpu", ["asks for no GPU", "2026-05-31"]),
        ("cluster-large", ["size=40", "maximum of 32"]),
    ],
)
def test_refused_as_an_error_without_traceback(shared_plane, monkeypatch, case, expected):
    monkeypatch.setitem(os.environ, "REFUSED_CASE", case)
    code, output = shared_plane.run("refused.py")
    assert code == 1
    assert "Traceback" not in output
    flat = " ".join(output.replace("│", " ").split())
    assert "Error" in flat
    for text in expected:
        assert text in flat
    refused = shared_plane.events("function_refused")[-1]
    assert refused.fields["function"] == "work"
    assert not any(e.fields["function"] == "work" for e in shared_plane.events("container_started"))
