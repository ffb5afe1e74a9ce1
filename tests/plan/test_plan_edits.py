"""An option as an edit of the script: at the literals that define its values, and nowhere else."""

from pathlib import Path

import pytest

from tminus.facts import Facts
from tminus.plan import edit_for, plan_script
from tminus.script import Script, Source

FACTS = Facts.bundled()
EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPT = """\
import modal
from trl import SFTConfig, SFTTrainer
from peft import LoraConfig

app = modal.App("a")
MICRO = 4


@app.function(gpu="{gpu}")
def train():
    config = SFTConfig(
        per_device_train_batch_size=MICRO, gradient_accumulation_steps={accumulation}, max_length=2048,
        max_steps=100,
    )
    SFTTrainer("meta-llama/Llama-3.1-8B", args=config, peft_config=LoraConfig(r=16), train_dataset=rows)
"""


def read(gpu="H100:2", accumulation="8"):
    text = SCRIPT.format(gpu=gpu, accumulation=accumulation)
    return Script.parse(Source(Path("train.py"), text))


def edited(script, name):
    plan = plan_script(script, FACTS)
    option = next(option for option in plan.options if option.name == name and not option.asked)
    return plan, option, edit_for(script, option)


def test_the_edited_script_asks_for_the_option():
    script = read()
    plan, option, edit = edited(script, "1 × 8 H100")
    assert plan.options[0].asked
    assert edit.left == ()
    again = plan_script(Script.parse(Source(Path("train.py"), edit.text)), FACTS)
    assert again.options[0].asked
    assert again.options[0].name == option.name
    assert again.options[0].estimate.split == option.estimate.split
    assert again.job.global_batch == plan.job.global_batch
    assert again.options[0].estimate.usd == pytest.approx(option.estimate.usd)


def test_the_constant_changes_and_not_its_use():
    _, option, edit = edited(read(), "1 × 1 H100")
    assert f"MICRO = {option.estimate.split.micro_batch}\n" in edit.text
    assert "per_device_train_batch_size=MICRO" in edit.text
    assert '@app.function(gpu="H100")' in edit.text


def test_the_diff_is_one_that_git_applies():
    _, _, edit = edited(read(), "1 × 8 H100")
    diff = edit.diff("train.py")
    assert diff.startswith("--- a/train.py\n+++ b/train.py\n")
    assert '-@app.function(gpu="H100:2")' in diff
    assert '+@app.function(gpu="H100:8")' in diff


def test_what_is_no_single_number_is_left_to_the_user():
    _, _, edit = edited(read(accumulation="16 // 2"), "1 × 8 H100")
    assert any("gradient_accumulation_steps=" in line for line in edit.left)
    assert "gradient_accumulation_steps=16 // 2" in edit.text


def test_a_cluster_needs_more_than_a_number():
    _, _, edit = edited(read(), "2 × 8 H100")
    assert any("@modal.clustered(size=2)" in line for line in edit.left)


def test_the_count_in_a_formatted_string_changes_where_it_is_defined():
    script = Script.read(EXAMPLES / "finetune_llama.py")
    _, _, edit = edited(script, "1 × 2 H100")
    assert "\nGPUS = 2\n" in edit.text
    assert edit.left == ()


def test_what_is_asked_for_is_estimated_with_its_own_micro_batch():
    """The script's own micro-batch decides whether the script fits, whatever would fit besides."""
    text = SCRIPT.format(gpu="A10", accumulation="8").replace("MICRO = 4", "MICRO = 64")
    plan = plan_script(Script.parse(Source(Path("train.py"), text)), FACTS)
    asked = plan.options[0]
    assert asked.asked
    assert asked.estimate.split.micro_batch == 64
    assert asked.fit == "no"
    assert any("micro-batch 64 needs at least" in note for note in asked.notes)
