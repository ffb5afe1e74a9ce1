"""The script of the story: every one of its mistakes, at its place."""

from __future__ import annotations

from pathlib import Path

from tminus.check import Safety, Severity, check, fix
from tminus.facts import Facts
from tminus.script import Script

AUDIT = Path(__file__).parents[2] / "examples" / "audit" / "train_h100x10.py"
FACTS = Facts.bundled()


def found() -> dict[str, list[tuple[str, int, int]]]:
    places: dict[str, list[tuple[str, int, int]]] = {}
    for finding in check(Script.read(AUDIT), FACTS):
        place = (finding.span.path.name, finding.span.line, finding.span.column)
        places.setdefault(finding.code, []).append(place)
    return places


def place_of(text: str) -> tuple[str, int, int]:
    """File, line and column of the only place where the script has this text."""
    (found,) = [
        (AUDIT.name, number, line.index(text) + 1)
        for number, line in enumerate(AUDIT.read_text().splitlines(), start=1)
        if text in line
    ]
    return found


def test_each_mistake_is_found_at_its_place() -> None:
    places = found()
    assert places["TM101"] == [place_of('"H100:10"')]
    assert places["TM201"] == [place_of('"H100:5"')]
    assert places["TM203"] == [place_of("modal.experimental.clustered")]
    assert place_of("DATASET_SIZE // EFFECTIVE_BATCH") in places["TM702"]
    (name, line, column) = place_of("NUM_GPUS = 10")
    assert places["TM701"] == [(name, line, column + len("NUM_GPUS = "))]
    stale = places["TM902"]
    assert {name for name, _, _ in stale} == {"train_h100x10.py", "README.md"}
    for words in ("10 H100 GPUs.", "800 GB of VRAM in one", "$125."):
        assert place_of(words) in stale


def test_the_errors_are_the_two_that_the_platform_refuses() -> None:
    errors = {one.code for one in check(Script.read(AUDIT), FACTS) if one.severity is Severity.ERROR}
    assert errors == {"TM101", "TM201"}


def test_the_messages_say_what_is_right() -> None:
    messages = {finding.code: finding.message for finding in check(Script.read(AUDIT), FACTS)}
    assert "at most 8 H100" in messages["TM101"]
    assert "since 2026-05-31" in messages["TM201"]
    assert "leaves out the 3 epochs" in messages["TM702"]
    # 3 x 52,002 rows over 4 x 4 x 8 sequences a step.
    assert "about 1219" in messages["TM702"]


def test_the_dollars_are_computed_from_the_documented_price() -> None:
    messages = [finding.message for finding in check(Script.read(AUDIT), FACTS) if finding.code == "TM902"]
    assert any("10 H100 for 4 h cost $157.97" in message for message in messages)


def test_with_every_fix_only_what_is_for_its_author_to_decide_is_left() -> None:
    fixed = fix(Script.read(AUDIT), FACTS, tuple(Safety))
    left = {finding.code for finding in check(Script.parse(fixed.after), FACTS)}
    assert left.isdisjoint({"TM101", "TM201", "TM203", "TM612", "TM701"})
    assert {"TM702", "TM902"} <= left
