"""Jobs and machines read from scripts."""

import textwrap
from pathlib import Path

import pytest

from tminus.facts import Facts
from tminus.plan import Overrides, PlanError, describe, plan_script
from tminus.script import Script, Source

FACTS = Facts.bundled()
EXAMPLES = Path(__file__).parents[2] / "examples"

SCRIPT = """
    import modal
    from datasets import load_dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    image = modal.Image.debian_slim().pip_install({packages})
    app = modal.App("fine-tune", image=image)

    @app.function(gpu="{gpu}", timeout=3600, cpu=4, memory=32768)
    def train(path: str):
        data = load_dataset("{dataset}", split="{split}")
        model = AutoModelForCausalLM.from_pretrained("{model}")
        SFTTrainer(
            model=model,
            train_dataset=data,
            peft_config=LoraConfig(r=8),
            args=SFTConfig(per_device_train_batch_size=2, max_length=1024, {arguments}),
        ).train()
"""


def script(**changes):
    parts = {
        "packages": '"trl==1.16.0"',
        "gpu": "H100:4",
        "dataset": "tatsu-lab/alpaca",
        "split": "train",
        "model": "Qwen/Qwen2.5-7B",
        "arguments": "",
        **changes,
    }
    return Script.parse(Source(Path("train.py"), textwrap.dedent(SCRIPT.format(**parts))))


def assumed(described):
    return {assumption.name: assumption for assumption in described.assumed}


def test_reads_what_the_script_says():
    found = describe(script(), FACTS)
    job, asked = found.job, found.asked
    assert (job.model.id, job.method, job.seq_len, job.lora_r) == ("Qwen/Qwen2.5-7B", "lora", 1024, 8)
    assert (asked.gpu.name, asked.gpus_per_node, asked.nodes) == ("H100", 4, 1)
    assert (asked.timeout_s, asked.cpu_cores, asked.memory_gib, asked.retries) == (3600, 4, 32, 0)
    assert job.global_batch == 2 * 1 * 4
    assert job.rows == FACTS.dataset("tatsu-lab/alpaca").rows


def test_lists_everything_that_was_assumed():
    found = assumed(describe(script(), FACTS))
    assert {"rows", "tokens_per_row", "global_batch", "epochs", "target_modules", "optimizer"} <= found.keys()
    assert found["target_modules"].value == ["q_proj", "v_proj"]
    assert found["epochs"].value == 3.0
    assert "4 GPUs" in found["global_batch"].why
    assert all(assumption.why for assumption in found.values())
    assert "seq_len" not in found
    assert "lora_r" not in found


@pytest.mark.parametrize(
    ("packages", "arguments", "loss"),
    [
        ('"trl==1.16.0"', "", "chunked"),
        ('"torch", "trl"', "", "chunked"),
        ('"trl==0.25.1"', "", "stock"),
        ('"trl[peft]==1.6.2"', "", "stock"),
        ('["torch==2.9.1", "trl==0.25.1"]', "", "stock"),
        ('"trl==0.25.1"', "use_liger_kernel=True", "liger"),
    ],
)
def test_the_loss_follows_from_the_trl_that_the_image_pins(packages, arguments, loss):
    assert describe(script(packages=packages, arguments=arguments), FACTS).job.loss == loss


@pytest.mark.parametrize(
    ("split", "rows"),
    [("train", 52_002), ("train[:1000]", 1000), ("train[:10%]", 5200), ("train[5:]", 52_002)],
)
def test_a_slice_of_a_data_set_counts(split, rows):
    assert describe(script(split=split), FACTS).job.rows == rows


def test_unknown_rows_have_to_be_given_unless_the_steps_are():
    unknown = script(dataset="acme/tickets")
    with pytest.raises(PlanError, match="acme/tickets are not known; give them with --rows"):
        describe(unknown, FACTS)
    given = describe(unknown, FACTS, Overrides(rows=500, tokens_per_row=300))
    assert (given.job.rows, given.job.tokens_per_row) == (500, 300)
    limited = describe(script(dataset="acme/tickets", arguments="max_steps=20"), FACTS)
    assert limited.job.steps == 20
    assert assumed(limited)["tokens_per_row"].value == "seq_len"


def test_an_unknown_model_has_to_be_replaced():
    with pytest.raises(PlanError, match="the shape of acme/giant is not known") as caught:
        describe(script(model="acme/giant"), FACTS)
    assert "config.json" in str(caught.value)
    described = describe(script(model="acme/giant"), FACTS, Overrides(model="Qwen/Qwen3-8B"))
    assert described.job.model.id == "Qwen/Qwen3-8B"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gpu": "H1OO:8"}, "not a GPU type of Modal; try H100"),
        ({"gpu": "H100:0"}, "asks for no GPU"),
        ({"arguments": 'optim="lion_32bit"'}, "is not estimated; those that are: adamw_torch"),
        ({"arguments": "gradient_accumulation_steps=0"}, "train.py:[0-9:]+ gradient_accumulation is 0"),
    ],
)
def test_what_cannot_be_planned_says_why(changes, message):
    with pytest.raises(PlanError, match=message):
        describe(script(**changes), FACTS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import modal\napp = modal.App('x')\n", "no training was found"),
        (
            "from trl import SFTTrainer\nSFTTrainer(model='Qwen/Qwen3-8B').train()\n",
            "no function of a modal.App",
        ),
    ],
)
def test_a_script_without_training_or_gpus_has_no_plan(text, message):
    with pytest.raises(PlanError, match=message):
        describe(Script.parse(Source(Path("x.py"), text)), FACTS)


def test_the_audited_script_gets_its_ways_out():
    plan = plan_script(Script.read(EXAMPLES / "audit" / "train_h100x10.py"), FACTS)
    job = plan.job
    assert (job.method, job.seq_len, job.rows, job.epochs, job.global_batch) == (
        "qlora",
        2048,
        52_002,
        3,
        160,
    )
    names = [option.name for option in plan.options]
    assert names[:4] == ["1 × 10 H100", "2 × 5 H100", "1 × 8 H100", "2 × 8 H100"]
    assert [option.allowed for option in plan.options[:4]] == [False, False, True, True]
    assert plan.options[2].estimate.split.global_batch == 160
    # 978 steps over three epochs; the script computes its interval from one epoch.
    assert plan.options[2].estimate.run.steps == 978
    assert plan.asked.save_every == 32
    assert plan.now is not None
    # Whole hosts side by side, as many as divide the batch.
    fastest = plan.fastest.option
    assert fastest.hardware.nodes > 1
    assert fastest.hardware.gpus_per_node == fastest.hardware.gpu.host_gpus
    assert fastest.estimate.split.global_batch == 160


@pytest.mark.parametrize("name", ["finetune_llama.py", "finetune_llama_cluster.py"])
def test_the_examples_run_as_they_ask(name):
    plan = plan_script(Script.read(EXAMPLES / name), FACTS)
    assert plan.options[0].asked
    assert plan.options[0].runs
    assert plan.options[0].fit == "yes"
    assert plan.job.loss == "chunked"


def test_a_full_fine_tune_of_our_own_trainer_holds_float32_weights():
    text = (
        "import modal\nfrom tminus.train import TrainConfig\napp = modal.App('a')\n"
        "@app.function(gpu='H100:8')\ndef train():\n"
        "    TrainConfig(model='Qwen/Qwen2.5-0.5B', method='{method}', dataset='tatsu-lab/alpaca', "
        "output_dir='/x', global_batch=64)\n"
    )
    weights = {
        method: describe(Script.parse(Source(Path("s.py"), text.format(method=method))), FACTS).job.weights
        for method in ("full", "lora", "qlora")
    }
    assert weights == {"full": "fp32", "lora": "bf16", "qlora": "bf16"}


def test_a_micro_batch_that_our_own_trainer_finds_is_the_planners():
    text = (
        "import modal\nfrom tminus.train import TrainConfig\napp = modal.App('a')\n"
        "@app.function(gpu='H100')\ndef train():\n"
        "    TrainConfig(model='Qwen/Qwen2.5-0.5B', method='lora', dataset='tatsu-lab/alpaca', "
        "output_dir='/x', global_batch=64, micro_batch='auto', save_every='10min')\n"
    )
    asked = describe(Script.parse(Source(Path("s.py"), text)), FACTS).asked
    assert (asked.micro_batch, asked.save_every) == (None, None)
