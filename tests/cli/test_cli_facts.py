"""`tminus facts` as a user runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tminus.cli import main
from tminus.facts import Facts
from tminus.facts.verify import saved_name

PAGES = Path(__file__).parents[1] / "facts" / "pages"


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
    assert "2025-12-10 nothing is known to have been different" in shown
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


def test_a_value_between_two_readings_is_shown_as_doubtful(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "show", "price.region_multiplier_broad", "--as-of", "2026-09-05"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("price.region_multiplier_broad = 1.5 ×\n")
    assert "last seen on 2026-08-29, the next value first on 2026-09-18" in shown


def test_a_fact_without_a_probe_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    main(["facts", "show", "gpu.H100.usd_per_second"])
    assert "no probe   The pricing page has no Markdown form" in capsys.readouterr().out


def test_a_list_keeps_to_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "72")
    assert main(["facts", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 280
    assert max(len(line) for line in lines) <= 72
    assert any(line.endswith("…") for line in lines)


def test_prices_are_an_hour_and_dated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "prices"]) == 0
    shown = capsys.readouterr().out
    prices = {line.split()[0]: line.split()[1:] for line in shown.splitlines()}
    assert prices["gpu.H100.usd_per_second"] == ["3.9492", "USD/(GPU", "h)", "2026-10-08"]
    assert prices["price.region_multiplier_narrow"] == ["1.75", "×", "2026-09-18"]
    assert "Read 47 to 94 days ago" in shown


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The pages as they were on the day of the facts, to be changed."""
    return Path(shutil.copytree(PAGES, tmp_path / "pages"))


def test_verify_holds_on_the_saved_pages(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "verify", "--from", str(saved)]) == 0
    assert " 0 moved, 0 on pages that could not be read" in capsys.readouterr().out


def test_verify_reports_what_moved(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = saved / saved_name(Facts.bundled()["function.retry_delay_default_s"].source)
    page.write_text(page.read_text().replace("a fixed 1s delay", "a fixed 5s delay"))
    assert main(["facts", "verify", "--from", str(saved), "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    (moved,) = [one for one in document["facts"] if one["verdict"] == "moved"]
    assert (moved["id"], moved["old"], moved["new"]) == ("function.retry_delay_default_s", "1", "5")
    assert document["summary"]["moved"] == 1
    assert main(["facts", "verify", "function.retry", "--from", str(saved)]) == 1
    shown = capsys.readouterr().out
    assert (
        "moved function.retry_delay_default_s\n  was        1\n  now        5\n  page       https://" in shown
    )
    assert main(["facts", "verify", "volume.", "--from", str(saved)]) == 0


def test_what_could_not_be_read_does_not_count_as_holding(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (saved / saved_name("https://modal.com/docs/guide/volumes")).unlink()
    assert main(["facts", "verify", "--from", str(saved)]) == 2
    shown = capsys.readouterr().out
    assert "modal.com__docs__guide__volumes.md: No such file or directory (" in shown
    assert main(["facts", "verify", "secret.", "--from", str(saved)]) == 0
    assert main(["facts", "verify", "nothing.", "--from", str(saved)]) == 2
    assert main(["facts", "verify", "--from", str(saved / "none")]) == 2
