"""The check never fails: mutated scripts, and what made it fail once."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings

BENCH = Path(__file__).parents[2] / "bench" / "check"


def module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


mutations, mutate = module("mutations"), module("mutate")
SCRIPTS = [(path, path.read_text(encoding="utf-8")) for path in mutations.scripts_of_the_repository()]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(mutations.mutants(SCRIPTS))
def test_a_mutated_script_is_checked_fixed_and_printed_or_said_to_be_unreadable(
    mutant: tuple[Path, str],
) -> None:
    path, text = mutant
    with mutate.time_limit(mutate.LIMIT_S):
        checked = mutate.examine(path, text.encode("utf-8", "surrogatepass"))
    assert checked.readable or [one.code for one in checked.findings] == ["TM000"]


def test_an_error_of_the_check_is_counted_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(path: Path, data: bytes) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(mutate, "examine", failing)
    tally = mutate.Tally()
    tally.add(Path("a.py"), b"1")
    tally.add(Path("a.py"), b"2")
    ((place, (count, text)),) = tally.errors.items()
    assert place.startswith("ZeroDivisionError: by nothing at test_check_mutations.py:")
    assert count == 2
    assert text.endswith("\n1")


TRAINING = """\
import modal
from datasets import load_dataset
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

app = modal.App("x")
ROWS, BATCH = {rows}, 4
TOTAL_STEPS = ROWS // BATCH


@app.function(gpu="H100", timeout={timeout})
def train():
    rows = load_dataset("tatsu-lab/alpaca", split="train")
    model = AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.2-1B")
    args = SFTConfig("/o", num_train_epochs={epochs}, save_steps={steps}, max_length=2048)
    SFTTrainer(model, train_dataset=rows, args=args).train()
"""


@pytest.mark.parametrize(
    "number", ["10**400", "1" * 400, "1e400", "10**300 * 10**300", "-(10**400)", "1 << 9999", "float('nan')"]
)
@pytest.mark.parametrize("where", ["rows", "timeout", "epochs", "steps"])
def test_numbers_beyond_all_floats_are_no_settings(number: str, where: str) -> None:
    values = {"rows": "100", "timeout": "7200", "epochs": "3", "steps": "10", where: number}
    checked = mutate.examine(Path("train.py"), TRAINING.format(**values).encode())
    assert checked.readable


NULL = """\
import subprocess
import modal
import rows

image = modal.Image.debian_slim().{step}
app = modal.App("x")
volume = modal.Volume.from_name("a\\0b")


@app.function(gpu="H100\\0:8", image=image, volumes={{"/a\\0": volume}}, timeout=6 * 3600)
def train():
    subprocess.run(["axolotl", "train", "a\\0.yaml"])
    subprocess.run("torchrun --nproc-per-node=2 a\\0.py", shell=True)
"""


@pytest.mark.parametrize(
    "step",
    [
        'add_local_dir("a\\0b", "/root/a\\0b")',
        'add_local_file("\\0", "/root/rows.py")',
        'add_local_python_source("\\0")',
        'copy_local_dir("\\0")',
        'pip_install_from_requirements("a\\0.txt")',
        'from_dockerfile("\\0")',
        'run_commands("accelerate launch --config_file a\\0.yaml a.py")',
    ],
)
def test_a_null_character_is_no_path(step: str, tmp_path: Path) -> None:
    (tmp_path / "rows.py").write_text("", encoding="utf-8")
    assert mutate.examine(tmp_path / "train.py", NULL.format(step=step).encode()).readable
