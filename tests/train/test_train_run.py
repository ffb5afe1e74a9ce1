"""Training in this process: what comes out, and that continuing is the same as never having stopped."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Tiny, logged_steps, trace, weights

from tminus.train import DataError, ResumeError, TrainConfig, train
from tminus.train.checkpoint import list_checkpoints
from tminus.train.manifest import verify
from tminus.train.record import RECORD_FILE

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


@pytest.fixture(scope="module")
def straight(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """A finished LoRA run with checkpoints 4, 8 and 12."""
    config = tiny.config(tmp_path_factory.mktemp("straight") / "run")
    result = train(config)
    assert (result.status, result.steps, result.attempt, result.resumed_from) == ("finished", 12, 1, None)
    assert [Path(path).name for path in result.checkpoints] == [
        "checkpoint-4",
        "checkpoint-8",
        "checkpoint-12",
    ]
    return config


def as_killed_after(config: TrainConfig, step: int, to: Path) -> TrainConfig:
    """A copy of a finished run's directory as a kill would have left it at a step."""
    shutil.copytree(config.output_dir, to)
    shutil.rmtree(to / "final")
    record = json.loads((to / RECORD_FILE).read_text())
    (to / RECORD_FILE).write_text(json.dumps(record | {"status": "running"}))
    for checkpoint in list_checkpoints(to):
        if checkpoint.step > step:
            shutil.rmtree(checkpoint.path)
    return replace(config, output_dir=str(to))


def test_metrics_tell_each_step(straight: TrainConfig) -> None:
    lines = [
        json.loads(line) for line in (Path(straight.output_dir) / "metrics.jsonl").read_text().splitlines()
    ]
    assert [line["step"] for line in lines] == list(range(1, 13))
    assert {line["attempt"] for line in lines} == {1}
    assert all(line["tokens"] > 0 and line["grad_norm"] > 0 for line in lines)
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert lines[0]["learning_rate"] == 0.0 < lines[-1]["learning_rate"] < straight.learning_rate


def test_final_adapter_loads_with_peft_and_changes_the_model(straight: TrainConfig) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    final = f"{straight.output_dir}/final"
    tokenizer = AutoTokenizer.from_pretrained(final)
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    base = AutoModelForCausalLM.from_pretrained(straight.model)
    tokens = tokenizer("count from 3: 3 4", return_tensors="pt")
    with torch.no_grad():
        before = base(**tokens).logits
        after = PeftModel.from_pretrained(base, final)(**tokens).logits
    assert not torch.allclose(before, after)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"method": "qlora"},
        {"method": "full", "learning_rate": 1e-3},
        {"packing": True, "micro_batch": 1},
        {"global_batch": 30, "micro_batch": 3, "max_steps": None, "epochs": 4.0},
    ],
    ids=["lora", "qlora", "full", "packing", "epochs"],
)
def test_continued_run_is_bit_identical(
    tiny: Tiny, straight: TrainConfig, tmp_path: Path, changes: dict[str, object]
) -> None:
    config = replace(straight, output_dir=str(tmp_path / "straight"), **changes)  # type: ignore[arg-type]
    train(config)
    continued = as_killed_after(config, 4, tmp_path / "killed")
    result = train(continued)
    assert (result.status, result.attempt, result.resumed_from, result.steps) == ("finished", 2, 4, 12)
    assert trace(continued.output_dir) == trace(config.output_dir)
    assert weights(continued.output_dir) == weights(config.output_dir)


def test_full_weights_load_with_transformers(tiny: Tiny, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    config = tiny.config(tmp_path / "run", method="full", max_steps=2)
    result = train(config)
    assert result.final is not None
    base = AutoModelForCausalLM.from_pretrained(tiny.model)
    trained = AutoModelForCausalLM.from_pretrained(result.final)
    assert any(not torch.equal(a, b) for a, b in zip(base.parameters(), trained.parameters(), strict=True))


def test_finished_stays_finished(straight: TrainConfig) -> None:
    before = {path: path.stat().st_mtime_ns for path in Path(straight.output_dir).rglob("*")}
    result = train(straight)
    assert (result.status, result.steps, result.attempt) == ("finished", 12, 1)
    assert result.first_loss is not None
    assert result.last_loss is not None
    assert result.first_loss > result.last_loss
    assert {path: path.stat().st_mtime_ns for path in Path(straight.output_dir).rglob("*")} == before


def test_lost_result_is_made_again_without_another_step(straight: TrainConfig, tmp_path: Path) -> None:
    killed = as_killed_after(straight, 12, tmp_path / "killed")
    result = train(killed)
    assert (result.status, result.steps, result.resumed_from) == ("finished", 12, 12)
    assert weights(killed.output_dir) == weights(straight.output_dir)
    assert logged_steps(killed.output_dir) == list(range(1, 13))
    assert [checkpoint.step for checkpoint in list_checkpoints(tmp_path / "killed")] == [4, 8, 12]


def test_damaged_checkpoint_is_passed_over(
    straight: TrainConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = as_killed_after(straight, 8, tmp_path / "killed")
    optimizer = tmp_path / "killed" / "checkpoint-8" / "optimizer.pt"
    optimizer.write_bytes(optimizer.read_bytes()[:-100])
    result = train(killed)
    assert result.resumed_from == 4
    assert weights(killed.output_dir) == weights(straight.output_dir)
    assert "checkpoint-8 is damaged (optimizer.pt has" in capsys.readouterr().err
    assert (tmp_path / "killed" / "damaged-checkpoint-8").is_dir()


def test_other_configuration_is_refused_by_name(straight: TrainConfig) -> None:
    with pytest.raises(ResumeError, match=r"lora_r: 4 -> 8; seed: 42 -> 1"):
        train(replace(straight, lora_r=8, seed=1))


def test_other_rows_are_refused(straight: TrainConfig, tiny: Tiny, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(Path(tiny.rows).read_text().splitlines(keepends=True)[:40]))
    config = replace(straight, output_dir=str(tmp_path / "run"), dataset=str(rows), max_steps=None)
    train(config)
    killed = as_killed_after(config, 4, tmp_path / "killed")
    with rows.open("a") as stream:
        stream.write(Path(tiny.rows).read_text())
    with pytest.raises(ResumeError, match="its rows have changed"):
        train(killed)


def test_other_rows_of_the_same_number_are_refused(straight: TrainConfig, tiny: Tiny, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(Path(tiny.rows).read_text())
    config = replace(straight, output_dir=str(tmp_path / "run"), dataset=str(rows))
    train(config)
    killed = as_killed_after(config, 4, tmp_path / "killed")
    rows.write_text(rows.read_text().replace("count from 1:", "count on and on from 1:"))
    with pytest.raises(ResumeError, match=r"since the run began \(tokens: "):
        train(killed)


def test_how_may_change_between_attempts(straight: TrainConfig, tmp_path: Path) -> None:
    killed = as_killed_after(straight, 8, tmp_path / "killed")
    result = train(replace(killed, save_every=3, keep_checkpoints=2, gradient_checkpointing=False))
    assert [Path(path).name for path in result.checkpoints] == ["checkpoint-9", "checkpoint-12"]
    assert weights(killed.output_dir) == weights(straight.output_dir)


@pytest.mark.parametrize("suffix", ["missing.jsonl", "rows.csv"])
def test_unusable_data_is_refused(tiny: Tiny, tmp_path: Path, suffix: str) -> None:
    (tmp_path / "rows.csv").write_text("question,answer\na,b\n")
    with pytest.raises(DataError, match=r"does not exist|question, answer"):
        train(tiny.config(tmp_path / "run", dataset=str(tmp_path / suffix)))


def test_packed_rows_do_not_see_each_other(tiny: Tiny, tmp_path: Path) -> None:
    """The first loss of a packed step is the mean over the tokens of its rows, each alone."""
    rows = [{"text": f"count from {start} to {start + 9}"} for start in (3, 41, 77)]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    packed = train(
        tiny.config(
            tmp_path / "packed",
            dataset=str(path),
            packing=True,
            global_batch=1,
            max_steps=1,
            lora_dropout=0.0,
        )
    )
    alone = train(
        tiny.config(
            tmp_path / "alone",
            dataset=str(path),
            global_batch=3,
            micro_batch=1,
            max_steps=1,
            lora_dropout=0.0,
        )
    )
    assert packed.first_loss == pytest.approx(alone.first_loss, rel=1e-5)


def test_end_of_sequence_is_learned_and_padding_is_not(tiny: Tiny) -> None:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    from tminus.train.model import load_tokenizer

    tokenizer, reason = load_tokenizer(tiny.config(Path("unused")))
    assert tokenizer.pad_token == "<pad>"
    assert "missing" in reason
    rows = [tokenizer("count" + " up" * n + tokenizer.eos_token) for n in (1, 5)]
    batch = DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id)(rows)
    padded = batch["attention_mask"] == 0
    assert padded.any()
    assert (batch["labels"][padded] == -100).all()
    assert (batch["labels"] == tokenizer.eos_token_id).sum() == 2


def test_every_published_directory_verifies(straight: TrainConfig) -> None:
    output = Path(straight.output_dir)
    for directory in (*output.glob("checkpoint-*"), output / "final"):
        assert verify(directory).run_id == straight.run_id
    assert not list(output.glob(".tmp-*"))
