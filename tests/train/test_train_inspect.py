"""Looking at data before a run: what is counted, what is shown, and what is an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Tiny

from tminus.cli import train as verb
from tminus.train.inspection import Inspection, inspect
from tminus.train.model import load_tokenizer

GOOD = [{"prompt": f"count from {start}:", "completion": f" {start} {start + 1}"} for start in range(20)]


def look(tiny: Tiny, folder: Path, rows: list[Any], **changes: Any) -> Inspection:
    path = folder / "rows.jsonl"
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    config = tiny.config(folder / "run", dataset=str(path), **changes)
    return inspect(config, *load_tokenizer(config))


def test_good_rows_have_no_problem(tiny: Tiny, tmp_path: Path) -> None:
    found = look(tiny, tmp_path, [*GOOD, GOOD[3]], packing=True)
    assert (found.problems, found.duplicates) == ((), 1)
    assert (found.report.read, found.report.used, found.ended, found.not_cut) == (21, 21, 21, 21)
    assert found.sequences < 21
    assert 0.7 < found.filled <= 1.0
    assert found.learned.least >= 3  # two numbers and the end
    assert "rows repeat an earlier one" in " ".join(found.advice)
    learned = [piece.text for piece in found.shown if piece.learned]
    assert all(text.endswith("</s>") for text in learned)
    assert {piece.row for piece in found.shown} == set(range(len(learned)))


def test_rows_without_a_token_to_learn_are_an_error(tiny: Tiny, tmp_path: Path) -> None:
    long = {"prompt": "count " * 60, "completion": " 1"}
    for asked in ("refuse", "skip"):
        found = look(tiny, tmp_path, [*GOOD, long], seq_len=32, on_bad_row=asked)
        assert found.problems == ("1 rows have no token to learn",)
        assert found.report.bad_rows[0][0].endswith("rows.jsonl:21")


def test_broken_rows_are_an_error_where_they_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    assert look(tiny, tmp_path, [*GOOD, "{\n"], on_bad_row="skip").problems == ()
    found = look(tiny, tmp_path, [*GOOD, "{\n"])
    assert found.problems == ("1 rows cannot be read, and on_bad_row is refuse",)


def test_a_template_without_an_end_is_an_error(tiny: Tiny, tmp_path: Path) -> None:
    chats = [
        {"messages": [{"role": "user", "content": "count"}, {"role": "assistant", "content": f"{number}."}]}
        for number in range(9)
    ]
    endless = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    found = look(tiny, tmp_path, chats, chat_template=endless)
    assert found.ended == 0
    assert "would not learn to stop" in found.problems[0]
    ended = endless.replace("{{ m.content }}", "{{ m.content }}{{ eos_token }}")
    assert look(tiny, tmp_path, chats, chat_template=ended).problems == ()


def test_cut_rows_and_the_longest_are_told(tiny: Tiny, tmp_path: Path) -> None:
    long = {"prompt": "count:", "completion": " 1" * 100}
    found = look(tiny, tmp_path, [*GOOD, long], seq_len=40)
    assert (found.report.cut, found.lengths.most, found.not_cut) == (1, 40, 20)
    assert found.report.longest > 100
    assert found.report.longest_place.endswith(":21")


def test_the_longest_batch_is_held_against_the_gpu(tiny: Tiny, tmp_path: Path) -> None:
    assert look(tiny, tmp_path, GOOD).fits is None
    found = look(tiny, tmp_path, GOOD, gpu="T4")
    assert found.fits
    assert "2 sequences of" in found.memory


def test_only_the_first_rows_of_a_stream_are_read(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.config(tmp_path, streaming=True)
    assert inspect(config, *load_tokenizer(config), rows=7).report.read == 7


def test_the_verb_says_it_in_text_colour_and_json(
    tiny: Tiny, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"model={tiny.model}", "method=lora", "output_dir=o", "global_batch=4", "seq_len=64"]
    arguments = ["inspect-data", *words, f"dataset={tiny.rows}"]
    monkeypatch.setenv("NO_COLOR", "1")
    assert verb.main(arguments) == 0
    plain = capsys.readouterr().out
    assert "\x1b[" not in plain
    assert "90 of 90 rows (prompt_completion)" in plain
    assert "⟦ 0 1 2</s>⟧" in plain
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert verb.main(arguments) == 0
    assert "m 0 1 2</s>\x1b[0m" in capsys.readouterr().out
    assert verb.main([*arguments, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["report"]["used"] == 90
    broken = tmp_path / "broken.jsonl"
    broken.write_text(Path(tiny.rows).read_text() + "{\n")
    assert verb.main(["inspect-data", *words, f"dataset={broken}"]) == 1
    assert verb.main(["inspect-data", *words, "dataset=./missing.jsonl"]) == 2


def test_no_weights_are_needed(tiny: Tiny, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(tiny.model, tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    (tmp_path / "data").mkdir()
    assert look(Tiny(str(tmp_path / "model"), tiny.rows), tmp_path / "data", GOOD).problems == ()
