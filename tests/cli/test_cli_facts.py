"""`tminus facts` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tminus.cli import main
from tminus.facts import Facts
from tminus.facts.verify import saved_name


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def test_show_gives_value_source_date_and_age(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "show", "function.timeout_max_s"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("function.timeout_max_s = 86400 s\n")
    assert "https://modal.com/docs/guide/timeouts" in shown
    assert "days ago" in shown


def test_show_as_of_a_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "show", "gpu.max_per_container", "--as-of", "2025-12-10"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("gpu.max_per_container = 8 GPUs\n")
    assert "on 2025-12-10: nothing is known to have been different" in shown
    main(["facts", "show", "cluster.max_gpus", "--as-of", "2026-08-22"])
    shown = capsys.readouterr().out
    assert shown.startswith("cluster.max_gpus = 64 GPUs\n")
    assert "from 2026-09-28 on: 256 GPUs" in shown


def test_show_says_what_contradicts_a_fact(capsys: pytest.CaptureFixture[str]) -> None:
    main(["facts", "show", "function.timeout_min_s", "--format", "json"])
    shown = json.loads(capsys.readouterr().out)
    assert shown["weak"] is True
    assert shown["conflicts"][0]["source"].startswith("https://modal.com/docs/examples/")


def test_an_unknown_id_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "show", "gpu.max_per_containr"]) == 2
    assert "gpu.max_per_container" in capsys.readouterr().err


def test_list_takes_a_prefix(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "list", "volume."]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 10
    assert all(line.startswith("volume.") for line in lines)
    assert main(["facts", "list", "nothing."]) == 2


def test_prices_are_an_hour_and_dated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "prices"]) == 0
    assert "gpu.H100.usd_per_second              3.9492 USD/(GPU h)  as of" in capsys.readouterr().out


def test_verify_fails_on_drift_and_where_nothing_could_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["facts", "verify", "--from", str(tmp_path)]) == 2
    assert "0 facts hold" in capsys.readouterr().out
    page = tmp_path / saved_name(Facts.bundled()["function.retry_delay_default_s"].source)
    page.write_text(
        "provides a fixed 1s delay between retry attempts, retried until a failure rate is exceeded"
    )
    assert main(["facts", "verify", "--from", str(tmp_path)]) == 0
    capsys.readouterr()
    page.write_text(
        "provides a fixed 5s delay between retry attempts, retried until a failure rate is exceeded"
    )
    assert main(["facts", "verify", "--from", str(tmp_path), "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    (moved,) = [one for one in document["facts"] if one["verdict"] == "moved"]
    assert (moved["id"], moved["old"], moved["new"]) == ("function.retry_delay_default_s", "1", "5")
    assert document["summary"]["moved"] == 1
    assert main(["facts", "verify", "--from", str(tmp_path / "none")]) == 2
