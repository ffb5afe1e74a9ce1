from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tminus.rehearse.observed import EventTail, read_events, tail_events


def _line(step: int) -> bytes:
    event = {"event": "step_end", "time": 1.0, "task_id": "ta", "pid": 7, "rank": 0, "step": step}
    return (json.dumps(event) + "\n").encode()


def test_no_file_is_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path / "none") == []


def test_torn_lines_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_bytes(_line(1) + _line(2)[:20] + b"\n" + _line(3) + _line(4)[:-1])
    assert [event.step for event in read_events(path)] == [1, 3]


@given(st.lists(st.integers(0, 200), max_size=8))
def test_a_tail_sees_every_event_once_wherever_the_writes_are_cut(cuts: list[int]) -> None:
    import tempfile

    content = b"".join(_line(step) for step in range(3))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e"
        tail, seen, written = EventTail(path), [], 0
        for cut in sorted({min(cut, len(content)) for cut in cuts} | {len(content)}):
            with path.open("ab") as file:
                file.write(content[written:cut])
            written = cut
            seen += [event.step for event in tail.read_new()]
    assert seen == [0, 1, 2]


def test_tailing_ends_after_the_writer_and_misses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "e"

    def write() -> None:
        for step in range(5):
            with path.open("ab") as file:
                file.write(_line(step))
            time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    steps = [event.step for event in tail_events(path, lambda: not writer.is_alive(), interval_s=0.01)]
    assert steps == list(range(5))
