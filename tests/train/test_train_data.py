"""Rows by their columns, metrics without double counting, and the demonstration's questions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tminus.train import DataError
from tminus.train.docqa import docqa_rows
from tminus.train.metrics import append_metrics, read_metrics
from tminus.train.rows import BadRow, recognise


@pytest.mark.parametrize(
    ("columns", "kind", "used"),
    [
        (["id", "messages"], "messages", ("messages",)),
        (["prompt", "completion", "text"], "prompt_completion", ("prompt", "completion")),
        (["instruction", "input", "output", "text"], "instruction", ("instruction", "input", "output")),
        (["instruction", "context", "response"], "instruction", ("instruction", "context", "response")),
        (["instruction", "response"], "instruction", ("instruction", "response")),
        (["text", "url"], "text", ("text",)),
    ],
)
def test_schema_by_columns(columns: list[str], kind: str, used: tuple[str, ...]) -> None:
    schema = recognise(columns, "d")
    assert (schema.kind, schema.columns) == (kind, used)


@pytest.mark.parametrize("columns", [[], ["question", "answer"], ["prompt"], ["instruction", "input"]])
def test_other_columns_are_listed_with_what_is_accepted(columns: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        recognise(columns, "dataset me/mine")
    for word in (*columns, "dataset me/mine", "messages", "completion", "instruction", "text"):
        assert word in str(caught.value)


def test_instruction_rows_go_through_the_chat_template_where_there_is_one() -> None:
    schema = recognise(["instruction", "input", "output"], "d")
    row = {"instruction": "Add.", "input": "1 2", "output": "3"}
    chat = schema.read(row, chat=True)
    assert chat.messages == [
        {"role": "user", "content": "Add.\n\n1 2"},
        {"role": "assistant", "content": "3"},
    ]
    assert chat.context == 1
    plain = schema.read(row | {"input": None}, chat=False)
    assert (plain.prompt, plain.text) == ("### Instruction:\nAdd.\n\n### Response:\n", "3")


def test_chats_are_read_as_their_files_carry_them() -> None:
    said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    arrow = [{**one, "name": None} for one in said]
    shared = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    for column, value in (("messages", arrow), ("messages", json.dumps(said)), ("conversations", shared)):
        example = recognise([column], "d").read({column: value}, chat=True)
        assert example.messages == said
    both = recognise(["prompt", "completion"], "d").read(
        {"prompt": said[:1], "completion": said[1:]}, chat=True
    )
    assert (both.messages, both.context) == (said, 1)


@pytest.mark.parametrize(
    ("columns", "row", "says"),
    [
        (["text"], {"text": None}, "its text is missing, not a text"),
        (["text"], {"text": "  "}, "its text is empty"),
        (["text"], {}, "it lacks text"),
        (["prompt", "completion"], {"prompt": "a", "completion": 3}, "its prompt is a str, not a list"),
        (["instruction", "output"], {"instruction": "", "output": "b"}, "its instruction is empty"),
        (["messages"], {"messages": []}, "its messages has no message"),
        (["messages"], {"messages": ["hi"]}, "message 1 is a str, not an object"),
        (["messages"], {"messages": [{"content": "a"}]}, "message 1 has no role"),
        (["messages"], {"messages": [{"role": "user", "content": ["a"]}]}, "is a list, not a text"),
        (["messages"], {"messages": "[1"}, "is a text that is no JSON list"),
    ],
)
def test_bad_rows_say_why(columns: list[str], row: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRow, match=re.escape(says)):
        recognise(columns, "d").read(row, chat=True)


def test_the_schema_can_be_asked_for() -> None:
    columns = ["messages", "text", "prompt", "completion"]
    assert recognise(columns, "d").kind == "messages"
    assert recognise(columns, "d", "text").kind == "text"
    with pytest.raises(DataError, match=r"no accepted training rows. Accepted: instruction \+"):
        recognise(columns, "d", "instruction")


def test_metrics_of_a_step_count_once(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert read_metrics(path) == []
    for step in range(1, 6):
        append_metrics(path, {"step": step, "loss": 10.0 + step, "attempt": 1, "resumed_from": None})
    for step in (3, 4):
        append_metrics(path, {"step": step, "loss": 20.0 + step, "attempt": 2, "resumed_from": 2})
    # Step 5 of the first attempt is no part of the run: the second went on from step 2.
    assert [(line["step"], line["loss"]) for line in read_metrics(path)] == [
        (1, 11.0), (2, 12.0), (3, 23.0), (4, 24.0),
    ]  # fmt: skip


def test_half_a_line_spoils_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    append_metrics(path, {"step": 1, "loss": 1.0, "attempt": 1})
    path.write_bytes(path.read_bytes() + b'{"step": 2, "lo')
    append_metrics(path, {"step": 2, "loss": 2.0, "attempt": 2, "resumed_from": 1})
    assert [line["loss"] for line in read_metrics(path)] == [1.0, 2.0]


def test_docqa_is_deterministic_and_plenty() -> None:
    rows = docqa_rows(300)
    assert len(rows) == 300
    assert rows == docqa_rows(300)
    assert docqa_rows(7) == rows[:7]
    assert len({row["question"] for row in rows}) == 300
    for row in rows:
        assert row["question"].startswith("What is the Python ")
        assert 30 <= len(row["answer"]) <= 400
