"""``tminus report``: planned against actual after a rehearsal or a run; what the verb writes and refuses."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import test_report_rehearsal
from audits import CLEAN, ROOT, TEN_GPUS, evidence_of
from test_report_audit import text_of

from tminus.cli import EXIT_FOUND, EXIT_OK, EXIT_UNABLE, main
from tminus.launch.record import Planned, RunRecord, RunStatus, RunStore
from tminus.rehearse import Rehearsal
from tminus.report.audit.html import to_html
from tminus.report.audit.rehearsal_document import rehearsal_document
from tminus.report.audit.rehearsed import RecordError, read_rehearsal
from tminus.report.audit.run_document import run_document
from tminus.report.audit.wording import Words
from tminus.report.rehearsal_json import rehearsal_json
from tminus.report.timeline import timeline_svg

rehearsal = test_report_rehearsal.rehearsal
WORDS, PORTUGUESE = Words("en"), Words("pt-BR")


@pytest.fixture
def record(rehearsal: Rehearsal, tmp_path: Path) -> Path:
    """The folder that a rehearsal with one preemption leaves."""
    made = replace(rehearsal, script=CLEAN)
    folder = tmp_path / "record"
    folder.mkdir()
    (folder / "rehearsal.json").write_text(json.dumps(rehearsal_json(made)), encoding="utf-8")
    (folder / "timeline.svg").write_text(timeline_svg(made), encoding="utf-8")
    return folder


def test_a_rehearsal_is_told_beside_its_plan(record: Path) -> None:
    plan = evidence_of(CLEAN).plan
    assert plan is not None
    text = text_of(rehearsal_document(read_rehearsal(record), plan, WORDS))
    asked = next(one for one in plan.options if one.asked)
    for said in (
        "Passed: it runs to its end and loses nothing that was committed",
        f"{asked.estimate.run.steps:,}",  # planned
        "20",  # rehearsed
        f"${asked.estimate.usd:.2f}",
        "nothing was paid",
        f"On {asked.name} such an interruption would cost a start",
        "Here it was at most 2 steps.",
        "nothing that was committed is lost",
        "max_length: 2048 → 64 (shrunk)",
    ):
        assert said in text, said


def test_a_rehearsal_without_a_plan_is_told_all_the_same(record: Path) -> None:
    text = text_of(rehearsal_document(read_rehearsal(record / "rehearsal.json"), None, WORDS))
    assert "There is no plan" in text
    assert "resumed from" in text


def test_the_timeline_is_in_the_page_with_styles_of_its_own_and_translated(record: Path) -> None:
    page = to_html(rehearsal_document(read_rehearsal(record), None, PORTUGUESE))
    svg = re.search(r'<svg [^>]*id="timeline-picture".*?</svg>', page, flags=re.DOTALL)
    assert svg is not None
    picture = ElementTree.fromstring(svg[0])
    texts = [one.text for one in picture.iter() if one.tag.endswith("text")]
    assert "contêiner 1" in texts
    assert "container 1" not in texts
    style = next(one for one in picture.iter() if one.tag.endswith("style"))
    assert (style.text or "").startswith("#timeline-picture {")
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "Passed" not in page


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no record of a rehearsal"),
        ("{", "cannot be read"),
        ("[]", "not the record"),
        ("{}", "not the record"),
    ],
)
def test_what_is_no_record_is_refused_with_the_reason(tmp_path: Path, content: str | None, why: str) -> None:
    if content is not None:
        (tmp_path / "rehearsal.json").write_text(content, encoding="utf-8")
    with pytest.raises(RecordError, match=why):
        read_rehearsal(tmp_path)


PLANNED = Planned(
    machines="1 × 8 H100",
    seconds=1200.0,
    seconds_low=900.0,
    seconds_high=1800.0,
    usd=10.0,
    usd_low=8.0,
    usd_high=15.0,
    step_s=1.0,
    steps=1000,
    prices_as_of="2026-10-08",
)


def run_record(**changes: object) -> RunRecord:
    values: dict[str, object] = {
        "id": "train-1124-0900-abcd",
        "created_s": 1_795_500_000.0,
        "script": "train.py",
        "function": None,
        "arguments": (),
        "script_sha256": "0123456789abcdef" * 4,
        "facts_date": "2026-11-24",
        "service": "https://api.modal.com",
        "usd_per_container_s": 0.01,
        "containers": 1,
        "planned": PLANNED,
        "status": RunStatus.FINISHED,
        "seconds": 1500.0,
        "usd": 12.5,
        "restarts": 1,
        "last_step": 1000,
        "last_loss": 1.25,
        "app_id": "ap-123456",
    }
    return RunRecord(**{**values, **changes})  # type: ignore[arg-type]


def test_a_run_is_told_planned_against_actual() -> None:
    text = text_of(run_document(run_record(), WORDS))
    for said in (
        "Finished",
        "1,000",
        "20.0 min (15.0 min to 30.0 min)",
        "25.0 min",
        "+25 %",
        "$10.00 ($8.00 to $15.00)",
        "$12.50",
        "1.20",
        "1.50",
        "Within the plan’s interval",
        "the service has not said what it billed",
        "tminus runs show train-1124-0900-abcd",
    ):
        assert said in text, said


def test_a_bill_outside_the_interval_is_told_as_such() -> None:
    text = text_of(run_document(run_record(billed_usd=16.0), WORDS))
    assert "Outside the plan’s interval" in text
    assert "what the service billed" in text
    assert "$16.00" in text
    assert "+60 %" in text


@pytest.mark.parametrize(
    ("changes", "said", "command"),
    [
        ({"status": RunStatus.RUNNING, "last_step": 400}, "Running", "tminus report"),
        ({"status": RunStatus.STOPPED, "reason": "budget"}, "Stopped before its end", "tminus runs resume"),
        (
            {"status": RunStatus.FAILED, "planned": None, "last_step": None},
            "launched without a plan",
            "tminus runs resume",
        ),
    ],
)
def test_an_unfinished_run_says_how_it_stands_and_what_to_do(
    changes: dict[str, object], said: str, command: str
) -> None:
    text = text_of(run_document(run_record(**changes), WORDS))
    assert said in text
    assert command in text
    assert "the plan’s interval" not in text


def test_a_run_is_told_in_portuguese() -> None:
    text = text_of(run_document(run_record(), PORTUGUESE)).replace("\xa0", " ")
    for said in (
        "Terminada",
        "US$ 12,50",
        "1.000",
        "20,0 min (15,0 min a 30,0 min)",
        "Dentro do intervalo do plano",
    ):
        assert said in text, said


def test_the_verb_writes_markdown_or_html_by_the_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["report", str(TEN_GPUS.relative_to(ROOT))]) == EXIT_FOUND
    printed = capsys.readouterr().out
    assert printed.startswith("# Audit of ")
    written = tmp_path / "a.html"
    assert main(["report", str(CLEAN), "-o", str(written), "--lang", "pt-BR"]) == EXIT_OK
    assert f"wrote {written}" in capsys.readouterr().err
    assert '<html lang="pt-BR">' in written.read_text(encoding="utf-8")


def test_the_verb_takes_rehearsals_and_runs(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["report", str(record)]) == EXIT_OK
    assert "Planned against rehearsed" in capsys.readouterr().out
    RunStore().save(run_record())
    assert main(["report", "train-1124"]) == EXIT_OK
    assert "Planned against actual" in capsys.readouterr().out


def test_the_verb_says_what_to_install_where_its_requirements_are_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "tminus.report.audit.html", raising=False)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert main(["report", str(CLEAN)]) == EXIT_UNABLE
    assert "pip install 'tminus[report]'" in capsys.readouterr().err


def test_the_verb_says_what_it_cannot_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    broken = tmp_path / "broken.py"
    broken.write_text("def (", encoding="utf-8")
    for arguments, why in (
        ([str(CLEAN), "-o", "report.docx"], "end in .md or .html"),
        ([str(broken)], "invalid syntax"),
        ([str(tmp_path / "gone.py")], "gone.py"),
        ([str(tmp_path)], "no record of a rehearsal"),
        (["no-such-run"], "neither a file nor a run"),
        ([str(CLEAN), "-o", str(tmp_path / "no" / "folder" / "a.md")], "cannot be written"),
    ):
        assert main(["report", *arguments]) == EXIT_UNABLE, arguments
        assert why in capsys.readouterr().err, arguments
