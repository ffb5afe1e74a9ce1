"""The app model: functions, inheritance, clusters, training settings; and that nothing is run."""

from __future__ import annotations

from pathlib import Path

from tminus.check import check
from tminus.facts import Facts, GpuRequest
from tminus.script import Constructed, Known, Script, Source


def script(text: str) -> Script:
    return Script.parse(Source(Path("script.py"), text))


def test_functions_inherit_what_the_app_gives() -> None:
    one = script(
        "import modal\n"
        "volume = modal.Volume.from_name('data')\n"
        "app = modal.App('a', volumes={'/data': volume})\n"
        "@app.function(gpu='H100')\n"
        "def train(): ...\n"
    )
    (function,) = one.functions
    volumes = function.argument("volumes")
    assert isinstance(volumes, Known)
    (made,) = volumes.value.values()
    assert isinstance(made, Constructed)
    assert made.name == "modal.Volume.from_name"
    assert made.args[0].value == "data"


def test_unpacked_keyword_arguments_are_read() -> None:
    one = script(
        "import modal\napp = modal.App('a')\nOPTIONS = {'gpu': 'L4:2', 'retries': 3}\n"
        "@app.function(**OPTIONS, timeout=7200)\ndef train(): ...\n"
    )
    (function,) = one.functions
    assert [request for request, _ in function.gpu_requests()] == [GpuRequest("L4", 2)]
    assert function.retries == 3


def test_retries_objects_and_missing_retries() -> None:
    one = script(
        "import modal\napp = modal.App('a')\n"
        "@app.function(retries=modal.Retries(max_retries=5, initial_delay=0.0))\ndef a(): ...\n"
        "@app.function()\ndef b(): ...\n"
        "import os\n@app.function(retries=int(os.environ['N']))\ndef c(): ...\n"
    )
    assert [function.retries for function in one.functions] == [5, 0, None]


def test_an_app_imported_from_a_sibling_and_a_stub_are_apps() -> None:
    one = script("from .common import app\nfrom shared import stub\n@stub.function(gpu='T4')\ndef f(): ...\n")
    assert [function.name for function in one.functions] == ["f"]


def test_other_decorators_named_function_are_not_modal() -> None:
    assert script("import tensorflow as tf\n@tf.function(gpu='H100:16')\ndef f(): ...\n").functions == ()


def test_training_settings_of_trl_with_its_defaults_marked() -> None:
    one = script(
        "from trl import SFTConfig, SFTTrainer\nfrom peft import LoraConfig\n"
        "from transformers import AutoModelForCausalLM, BitsAndBytesConfig\n"
        "def train():\n"
        "    bnb = BitsAndBytesConfig(load_in_4bit=True)\n"
        "    model = AutoModelForCausalLM.from_pretrained('Qwen/Qwen3-8B', quantization_config=bnb)\n"
        "    args = SFTConfig(max_length=4096, num_train_epochs=2)\n"
        "    SFTTrainer(model, args=args, peft_config=LoraConfig(r=64))\n"
    )
    training = one.training
    known = {
        name: training.known(name) for name in ("model", "method", "seq_len", "epochs", "lora_r", "trainer")
    }
    assert known == {
        "model": "Qwen/Qwen3-8B", "method": "qlora", "seq_len": 4096, "epochs": 2, "lora_r": 64,
        "trainer": "trl",
    }  # fmt: skip
    micro_batch = training.get("micro_batch")
    assert isinstance(micro_batch, Known)
    assert (micro_batch.value, micro_batch.assumed) == (8, "the default of SFTConfig")


def test_reading_a_script_does_not_run_it(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    path = tmp_path / "script.py"
    path.write_text(f"import modal\nopen({str(witness)!r}, 'w')\napp = modal.App('a')\n")
    check(Script.read(path), Facts.bundled())
    assert not witness.exists()
