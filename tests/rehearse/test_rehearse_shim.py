"""The container shim in real processes: launchers, configurations, chaining."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tminus.rehearse.observed import TrainingEvent, read_events
from tminus.rehearse.shim import DIRECTORY
from tminus.rehearse.shim_settings import SETTINGS_VARIABLE, ShimSettings

ALL_REDUCE = """
import os, sys, torch, torch.distributed as dist
dist.init_process_group("gloo")
total = torch.ones(1)
dist.all_reduce(total)
# One write, so that the lines of two ranks do not mix.
threads = os.environ["OMP_NUM_THREADS"]
sys.stdout.write(f"sum {int(total)} of {dist.get_world_size()} threads {threads}\\n")
dist.destroy_process_group()
"""


@pytest.fixture
def shim(tmp_path: Path) -> dict[str, str]:
    """Environment of a process in a rehearsed container that asked for 8 GPUs."""
    ShimSettings(
        ranks_per_container=2,
        seq_len=64,
        events_file=tmp_path / "events.jsonl",
        threads_per_rank=1,
        gpus_asked=8,
    ).write(tmp_path / "shim.json")
    return {
        "PYTHONPATH": str(DIRECTORY),
        SETTINGS_VARIABLE: str(tmp_path / "shim.json"),
        "MODAL_TASK_ID": "ta-1",
    }


def _events(tmp_path: Path, kind: str) -> list[TrainingEvent]:
    return [event for event in read_events(tmp_path / "events.jsonl") if event.kind == kind]


@pytest.mark.parametrize("ranks", ["8", "gpu"])
def test_torchrun_starts_two_ranks_when_asked_for_eight(
    ranks: str, shim: dict[str, str], tmp_path: Path, run_script
) -> None:
    done = run_script(
        ALL_REDUCE, command=["-m", "torch.distributed.run", f"--nproc-per-node={ranks}"], **shim
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["sum 2 of 2 threads 1"] * 2
    assert done.stderr.count("tminus rehearse: 8 ranks per container run as 2") == 1
    (launch,) = _events(tmp_path, "launch")
    assert launch.values == {"ranks_asked": 8, "ranks_started": 2, "gpus_asked": 8}
    assert launch.task_id == "ta-1"


def test_torchrun_command_and_in_process_run_are_capped(shim: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text(
        "import os, sys; sys.stdout.write('of ' + os.environ['WORLD_SIZE'] + '\\n')"
    )
    (tmp_path / "inside.py").write_text(
        "from torch.distributed.run import parse_args, run\n"
        "run(parse_args(['--nproc-per-node', '3', 'worker.py']))\n"
    )
    commands = {
        "2": [str(Path(sys.executable).with_name("torchrun")), "--nproc_per_node", "16", "worker.py"],
        "1": [sys.executable, "inside.py"],
    }
    for world_size, command in commands.items():
        done = subprocess.run(
            command, env={**os.environ, **shim}, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.stdout.split("\n")[:-1] == [f"of {world_size}"] * int(world_size), done.stderr
    assert "16 ranks in a container with 8 GPUs: on Modal, ranks from 8 on find no GPU" not in done.stderr
    assert "3 ranks per container run as 1" in done.stderr


def test_accelerate_launch_starts_ranks_without_a_gpu(shim: dict[str, str], run_script) -> None:
    done = run_script(
        "import os, sys; sys.stdout.write('rank {RANK} of {WORLD_SIZE}\\n'.format(**os.environ))",
        command=["-m", "accelerate.commands.launch", "--num_processes", "8", "--mixed_precision", "bf16"],
        **shim,
    )
    assert sorted(done.stdout.splitlines()) == ["rank 0 of 2", "rank 1 of 2"], done.stderr
    assert "8 ranks per container run as 2" in done.stderr


ARGUMENTS = """
from transformers import TrainingArguments
from trl import SFTConfig
a = SFTConfig(output_dir="o", max_length=2048, bf16=True, optim="paged_adamw_8bit",
              report_to="wandb", dataloader_num_workers=4, dataloader_prefetch_factor=2,
              tf32=True, gradient_accumulation_steps=4,
              torch_compile=True, ddp_backend="nccl")
print(a.max_length, a.bf16, a.optim.value, a.report_to, a.dataloader_num_workers, a.device.type, a.tf32,
      a.gradient_accumulation_steps, a.torch_compile, a.ddp_backend)
b = TrainingArguments(output_dir="o", gradient_accumulation_steps=4)
print(b.optim.value, b.gradient_accumulation_steps, SFTConfig(output_dir="o", max_length=32).max_length)
"""


def test_configurations_are_cut_to_the_machine(shim: dict[str, str], tmp_path: Path, run_script) -> None:
    done = run_script(ARGUMENTS, **shim)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first == "64 False adamw_torch [] 0 cpu None 4 False None", done.stderr
    assert second.split()[1:] == ["4", "32"]
    lines = [line for line in done.stderr.splitlines() if line.startswith("tminus rehearse: ")]
    assert len(lines) == len(set(lines))
    assert "tminus rehearse: max_length 2048 -> 64 (rehearsal)" in lines
    assert "tminus rehearse: optim paged_adamw_8bit -> adamw_torch (no GPU)" in lines
    changed = {event.values["what"]: event.values["new"] for event in _events(tmp_path, "change")}
    assert changed["report_to"] == "none"
    assert changed["bf16"] == "False"


def test_flash_attention_and_gpu_placement_fall_back(
    shim: dict[str, str], standins, tmp_path: Path, run_script
) -> None:
    directory = standins("model", "HuggingFaceTB/SmolLM2-135M")
    done = run_script(
        f"from transformers import AutoModelForCausalLM\n"
        f"model = AutoModelForCausalLM.from_pretrained({str(directory)!r}, device_map={{'': 0}}, "
        f"attn_implementation='flash_attention_2')\n"
        f"print(model.config._attn_implementation, model.device)\n",
        **shim,
    )
    assert done.stdout.split() == ["sdpa", "cpu"], done.stderr
    assert {event.values["what"] for event in _events(tmp_path, "change")} == {
        "attn_implementation",
        "device_map",
    }


def test_without_settings_the_shim_does_nothing(run_script) -> None:
    done = run_script(
        "import sys; print([type(f).__name__ for f in sys.meta_path if 'Adapting' in type(f).__name__],"
        " [name for name in sys.modules if 'tminus' in name])",
        PYTHONPATH=str(DIRECTORY),
        TMINUS_REHEARSAL="",
    )
    assert done.stdout.split("\n")[0] == "[] []"
    assert done.stderr == ""


def test_unreadable_settings_are_told_and_harmless(run_script, tmp_path: Path) -> None:
    done = run_script("print('ran')", PYTHONPATH=str(DIRECTORY), TMINUS_REHEARSAL=str(tmp_path / "none.json"))
    assert (done.returncode, done.stdout.strip()) == (0, "ran")
    assert "tminus rehearse: this process runs as it is" in done.stderr


def test_start_loads_no_heavy_module(shim: dict[str, str], run_script) -> None:
    done = run_script(
        "import sys; print(sorted({'torch', 'transformers', 'numpy', 'asyncio', 'subprocess', 'pathlib'}"
        " & set(sys.modules)))",
        **shim,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("active", [True, False])
def test_a_hidden_sitecustomize_still_runs(
    active: bool, shim: dict[str, str], tmp_path: Path, run_script
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("import builtins; builtins.HIDDEN = __file__")
    variables = {**shim, "PYTHONPATH": f"{DIRECTORY}{os.pathsep}{other}"}
    if not active:
        del variables[SETTINGS_VARIABLE]
    done = run_script("import sitecustomize; print(HIDDEN, sitecustomize.__file__)", **variables)
    assert done.stdout.split() == [str(other / "sitecustomize.py")] * 2, done.stderr


def test_a_module_that_cannot_be_adapted_is_told_and_still_imports(
    shim: dict[str, str], tmp_path: Path, run_script
) -> None:
    package = tmp_path / "transformers"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "trainer.py").write_text("VERSION = 1  # has no Trainer")
    done = run_script("import transformers.trainer as t; print(t.VERSION, t.__loader__.path[-10:])", **shim)
    assert done.stdout.split() == ["1", "trainer.py"], done.stderr
    assert "tminus rehearse: could not adapt transformers.trainer: AttributeError" in done.stderr
    assert [event.values["module"] for event in _events(tmp_path, "not_adapted")] == ["transformers.trainer"]


def test_settings_round_trip_and_refuse_what_cannot_be(tmp_path: Path) -> None:
    settings = ShimSettings(2, 128, tmp_path / "e.jsonl", 1, 8, scale_accumulation=False)
    settings.write(tmp_path / "s.json")
    assert ShimSettings.read(tmp_path / "s.json") == settings
    with pytest.raises(ValueError, match="ranks_per_container: found 0"):
        ShimSettings(0, 128, tmp_path / "e.jsonl", 1, 8)
