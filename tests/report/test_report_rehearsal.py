"""A rehearsal's renderings: text, JSON, and a picture that is valid and complete."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tminus.rehearse import (
    Attempt,
    Commit,
    ContainerLife,
    Evidence,
    FaultKind,
    History,
    Interruption,
    Rehearsal,
    Save,
    Workload,
    judge,
)
from tminus.report.rehearsal_json import rehearsal_json
from tminus.report.rehearsal_text import rehearsal_text
from tminus.report.style import Style
from tminus.report.timeline import timeline_svg

SVG = "{http://www.w3.org/2000/svg}"


def attempt(task: str, began_s: float, first: int, last: int, ended: bool) -> Attempt:
    steps = {step: began_s + step - first for step in range(first + 1, last + 1)}
    saves = [Save(step, time_s) for step, time_s in steps.items() if step % 5 == 0]
    losses = {step: 5.0 - step / 10 for step in steps}
    return Attempt(task, began_s, first, 20, 2, steps, losses, saves, began_s + 10 if ended else None)


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    history = History(
        started_s=100.0,
        ended_s=160.0,
        client_exit=0,
        containers=(
            ContainerLife("ta-1", "train", "H100:8", 0, 100.5, 115.0, 1, "preempted"),
            ContainerLife("ta-2", "train", "H100:8", 0, 120.0, 150.0, 0, ""),
        ),
        attempts=(attempt("ta-1", 101.0, 0, 12, False), attempt("ta-2", 130.0, 10, 20, True)),
        commits=(
            Commit(111.5, "ta-1", "data & more", "explicit", frozenset({5, 10})),
            Commit(141.0, "ta-2", "data & more", "exit", frozenset({20})),
        ),
        interruptions=(Interruption(113.0, "ta-1", "preempt", 12),),
        changes=("max_length: 2048 → 64 (shrunk)",),
        unserved=("SandboxCreate",),
        ranks_asked=8,
    )
    workload = Workload(512, 8, None, 8, 1, 2, 64, 64, ("one epoch",))
    script = tmp_path / "a<b>.py"
    evidence = Evidence(("nothing is lost: stayed",), ("the GPUs",), ())
    return Rehearsal(script, tmp_path, workload, history, judge(history), "bubblewrap", "1.6.4", evidence)


def test_the_text_says_what_was_seen_what_it_proves_and_what_it_cannot(rehearsal: Rehearsal) -> None:
    text = rehearsal_text(rehearsal, Style(False))
    for words in (
        "2 (preempted, finished)",
        "2, on 2 ranks each, 8 asked for",
        "22 run for 20; 2 run twice",
        "4, at steps 5, 10, 15, 20",
        "after step 12; resumed from 10, 18.0 s to the next step",
        "loss 3.8000 before, 3.9000 after",
        "max_length: 2048 → 64 (shrunk)",
        "Proven:\n  - nothing is lost: stayed\n",
        "Not proven here:\n  - the GPUs\n",
        "Unknown:\n  - nothing\n",
        "PASSED: it resumes and loses nothing that was committed",
    ):
        assert words in text, words
    assert "\x1b" not in text
    assert "\x1b[32mPASSED" in rehearsal_text(rehearsal, Style(True))


def test_the_json_is_complete_and_relative_to_the_start(rehearsal: Rehearsal) -> None:
    document = json.loads(json.dumps(rehearsal_json(rehearsal)))
    assert document["status"] == "passed"
    assert [one["resumed_from"] for one in document["attempts"]] == [0, 10]
    assert document["containers"][1]["started_s"] == 20.0
    (interruption,) = document["interruptions"]
    assert (interruption["time_s"], interruption["steps_twice"], interruption["kind"]) == (13.0, 2, "preempt")
    assert document["commits"][0] == {
        "time_s": 11.5, "task_id": "ta-1", "volume": "data & more", "occasion": "explicit",
        "checkpoints": [5, 10],
    }  # fmt: skip
    assert (document["proven"], document["unknown"]) == (["nothing is lost: stayed"], [])
    assert (document["not_proven"], document["client"]) == (["the GPUs"], "1.6.4")


def test_the_picture_is_valid_and_shows_everything(rehearsal: Rehearsal) -> None:
    root = ElementTree.fromstring(timeline_svg(rehearsal))
    assert root.get("role") == "img"
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text is not None
    assert "a<b>.py" in title.text

    def drawn(tag: str, css: str) -> list[ElementTree.Element]:
        # The legend shows one of each besides.
        return [one for one in root.iter(f"{SVG}{tag}") if one.get("class") == css][:-1]

    assert len(drawn("rect", "container")) == 2
    assert len(drawn("rect", "training")) == 2
    assert len(drawn("path", "save")) == 4
    assert len(drawn("line", "commit")) == 2
    assert len(drawn("line", "stop")) == 1
    assert len([one for one in root.iter(f"{SVG}polyline") if one.get("class") == "loss"]) == 2
    width = float(root.get("width", "0"))
    for rect in drawn("rect", "container"):
        assert (
            0
            <= float(rect.get("x", "-1"))
            <= float(rect.get("x", "-1")) + float(rect.get("width", "0"))
            <= width
        )


@pytest.mark.parametrize("kind", FaultKind)
def test_the_picture_says_what_went_wrong(kind: FaultKind, rehearsal: Rehearsal) -> None:
    hit = replace(rehearsal.history, interruptions=(Interruption(113.0, "ta-1", kind.value, 12),))
    root = ElementTree.fromstring(timeline_svg(replace(rehearsal, history=hit)))
    (said,) = [one.text for one in root.iter(f"{SVG}text") if one.get("class") == "stop-text"]
    assert said is not None
    assert said.endswith(" after step 12")
    assert said.startswith("preempted") == (kind is FaultKind.PREEMPT)


def test_a_rehearsal_in_which_nothing_started_can_be_shown(tmp_path: Path) -> None:
    history = History(started_s=1.0, ended_s=1.0, client_exit=1, refusal="at most 8 H100")
    workload = Workload(8, 1, None, 0, 1, 1, 64, 8, ())
    nothing = Evidence((), (), ())
    refused = Rehearsal(
        tmp_path / "s.py", tmp_path, workload, history, judge(history), "plain", "1.6.4", nothing
    )
    ElementTree.fromstring(timeline_svg(refused))
    text = rehearsal_text(refused, Style(False))
    assert "REFUSED: the platform does not accept this app" in text
    assert "at most 8 H100" in text
