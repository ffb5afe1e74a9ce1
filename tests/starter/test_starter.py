"""Scripts that `tminus init` writes: they pass the checks, plan as promised, and survive an interruption."""

from __future__ import annotations

import ast
import io
import itertools
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from tminus.check import check
from tminus.cli import main
from tminus.facts import Facts
from tminus.plan import plan_script
from tminus.script import Script, Source
from tminus.starter import Answers, StarterError, choose, script_text

MODEL = "meta-llama/Llama-3.1-8B"
SMALL = "HuggingFaceTB/SmolLM2-135M"
MACHINES = [("H100", 8, 1), ("A100-80GB", 1, 1), ("H100", 8, 2), ("T4", 2, 1)]


def _script(text: str, folder: Path = Path()) -> Script:
    return Script.parse(Source(folder / "train.py", text))


def _answers(**given) -> Answers:
    return Answers(**{"model": MODEL, "data": "tatsu-lab/alpaca", **given})


@pytest.mark.parametrize(("method", "machines"), list(itertools.product(["qlora", "lora", "full"], MACHINES)))
def test_no_check_finds_anything_in_it(method, machines):
    facts = Facts.bundled()
    gpu, gpus, nodes = machines
    model = MODEL if (method, gpu) == ("qlora", "H100") else SMALL
    answers, option = choose(_answers(model=model, method=method, gpu=gpu, gpus=gpus, nodes=nodes), facts)
    text = script_text(answers, "train.py", facts)
    script = _script(text)
    assert check(script, facts) == []
    assert len(text.splitlines()) < 190
    assert max(map(len, text.splitlines())) <= 110
    asked = next(one for one in plan_script(script, facts).options if one.asked)
    assert asked.name == option.name
    assert asked.estimate.usd == pytest.approx(option.estimate.usd)
    assert asked.estimate.split.global_batch == answers.global_batch


def test_nothing_of_this_tool_is_in_it():
    facts = Facts.bundled()
    tree = ast.parse(script_text(choose(_answers(gpus=8), facts)[0], "train.py", facts))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
        )
    }
    assert "tminus" not in imported
    assert {"modal", "trl", "transformers"} <= imported


def test_machines_that_are_left_open_are_the_plans_within_the_budget():
    facts = Facts.bundled()
    answers, option = choose(_answers(), facts, machines_open=True)
    assert option.runs
    assert (answers.gpu, answers.gpus) == (option.hardware.gpu.name, option.hardware.gpus_per_node)
    within, dear = choose(_answers(), facts, machines_open=True, budget_usd=1000.0)
    assert dear.usd_high <= 1000
    assert dear.estimate.run.total_s <= option.estimate.run.total_s, (
        "with money to spare the fastest is taken"
    )
    assert within.gpus >= 1
    with pytest.raises(StarterError, match=r"nothing within \$0.01: the cheapest is"):
        choose(_answers(), facts, machines_open=True, budget_usd=0.01)


def test_what_the_machines_cannot_hold_is_refused():
    facts = Facts.bundled()
    with pytest.raises(
        StarterError, match=r"full of meta-llama/Llama-3.1-8B needs .* GiB on each GPU, and T4"
    ):
        choose(_answers(method="full", gpu="T4", gpus=1), facts)
    with pytest.raises(StarterError, match="cannot be shared evenly by 10 GPUs: give --global-batch 60"):
        _answers(gpus=10)
    with pytest.raises(StarterError, match="H10 is not a GPU type of Modal; try"):
        choose(_answers(gpu="H10"), facts)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"question": "q", "answer": "a"}, '"prompt": row["question"] + "\\n\\n"'),
        ({"instruction": "q", "context": "c", "response": "a"}, 'row["instruction"], row["context"]'),
        ({"text": "t"}, 'select_columns(["text"])'),
    ],
)
def test_a_local_file_says_what_is_learnt(tmp_path, monkeypatch, row, expected):
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for _ in range(300)))
    facts = Facts.bundled()
    answers, option = choose(_answers(data="rows.jsonl", model=SMALL), facts)
    text = script_text(answers, "train.py", facts)
    assert expected in text
    assert '.add_local_file("rows.jsonl", "/root/rows.jsonl")' in text
    assert option.estimate.run.steps == -(-300 * 3 // 64)
    assert check(_script(text, tmp_path), facts) == []


def test_messages_need_a_model_that_chats(tmp_path):
    rows = tmp_path / "rows.jsonl"
    turn = {"role": "user", "content": "hi"}
    rows.write_text((json.dumps({"conversation": [turn]}) + "\n") * 100)
    facts = Facts.bundled()
    with pytest.raises(StarterError, match="is a base model"):
        script_text(_answers(data=str(rows)), "train.py", facts)
    chatting = next(one.id for one in facts.models.values() if "Instruct" in one.id)
    text = script_text(_answers(data=str(rows), model=chatting), "train.py", facts)
    assert 'rename_column("conversation", "messages")' in text


def test_columns_that_say_nothing_are_refused(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("a,b\n1,2\n")
    with pytest.raises(StarterError, match="has the columns a, b"):
        script_text(_answers(data=str(rows)), "train.py", Facts.bundled())


def _tminus(*arguments: str) -> tuple[int, str]:
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        code = main(list(arguments))
    return code, output.getvalue()


def test_the_command_writes_it_once(tmp_path):
    path = tmp_path / "train.py"
    code, output = _tminus("init", str(path), "--model", SMALL, "--data", "tatsu-lab/alpaca", "--gpu", "L4")
    assert code == 0, output
    assert "on 1 × 1 L4" in output
    assert _tminus("check", "--no-cache", str(path)) == (0, "Nothing found, 1 file checked.\n")
    code, output = _tminus("init", str(path), "--model", SMALL, "--data", "tatsu-lab/alpaca")
    assert code == 2
    assert "--force" in output


@pytest.mark.slow
@pytest.mark.fault
def test_it_survives_an_interruption(tmp_path):
    path = tmp_path / "train.py"
    code, output = _tminus(
        *("init", str(path), "--model", SMALL, "--data", "tatsu-lab/alpaca", "--gpu", "H100:2"),
        *("--method", "lora"),
    )
    assert code == 0, output
    folder = tmp_path / "rehearsal"
    code, output = _tminus(
        *("rehearse", str(path), "--preempt", "@step:6", "--steps", "8", "--output", str(folder))
    )
    assert code == 0, output
    record = json.loads((folder / "rehearsal.json").read_text())
    assert record["status"] == "passed"
    assert record["interruptions"][0]["resumed_from"] > 0
