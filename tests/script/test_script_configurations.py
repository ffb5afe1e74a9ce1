"""Configuration files that commands name: where they are found, what they say, and where it stands."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tminus.check import check
from tminus.facts import Facts
from tminus.plan.from_script import PlanError, plan_script
from tminus.script import Known, Script, ScriptError, Source, Unknown
from tminus.script.yaml_values import read_yaml

YAML = """\
base_model: meta-llama/Llama-3.1-8B
load_in_4bit: true
adapter: qlora
lora_r: 32
lora_alpha: 64
lora_target_linear: true

datasets:
  - path: tatsu-lab/alpaca
    type: alpaca
    split: train

sequence_len: 4096
sample_packing: true
micro_batch_size: 2          # per GPU
gradient_accumulation_steps: 4
num_epochs: 3
learning_rate: 2e-4
optimizer: paged_adamw_8bit
gradient_checkpointing: true
saves_per_epoch: 10
save_total_limit:
bf16: auto
output_dir: /runs/out
"""

SETTINGS = {
    "model": "meta-llama/Llama-3.1-8B",
    "method": "qlora",
    "lora_r": 32,
    "lora_alpha": 64,
    "target_modules": "all-linear",
    "dataset": "tatsu-lab/alpaca",
    "dataset_split": "train",
    "seq_len": 4096,
    "packing": True,
    "micro_batch": 2,
    "gradient_accumulation": 4,
    "epochs": 3,
    "learning_rate": 0.0002,
    "optimizer": "paged_adamw_8bit",
    "gradient_checkpointing": True,
    "output_dir": "/runs/out",
    "trainer": "axolotl",
}

HEAD = """\
import os, subprocess, modal, yaml, json, tempfile, textwrap
from pathlib import Path
app = modal.App("a")
volume = modal.Volume.from_name("runs", create_if_missing=True)
"""


def project(folder: Path, function: str, image: str = "modal.Image.debian_slim()", **files: str) -> Script:
    """A script of one function, beside the files; in a name `__` is a slash, and `_yml` is `.yml`."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yml", ".yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    body = "".join(f"    {line}\n" for line in function.splitlines())
    script = folder / "train.py"
    script.write_text(
        f"{HEAD}image = {image}\n"
        '@app.function(gpu="H100", image=image, volumes={"/runs": volume}, timeout=4 * 3600, retries=2)\n'
        f"def train():\n{body}"
    )
    return Script.read(script)


def settings(script: Script, *names: str) -> dict[str, object]:
    return {name: script.training.known(name) for name in names}


@pytest.mark.parametrize(
    "command",
    [
        'subprocess.run("axolotl train config.yml", shell=True, check=True)',
        'subprocess.run(["axolotl", "train", "config.yml"])',
        'subprocess.run(["accelerate", "launch", "-n", "8", "-m", "axolotl.cli.train", "config.yml"])',
        'os.system("python -m axolotl.cli.train ./config.yml")',
        'subprocess.check_call("torchrun --nproc-per-node=8 -m axolotl.cli.train config.yml".split())',
        'subprocess.run(["bash", "-c", "cd /root && uv run axolotl train config.yml 2>&1 | tee log"])',
        'subprocess.run("axolotl preprocess config.yml && axolotl train config.yml", shell=True)',
        'NAME = "config"\nsubprocess.run(f"axolotl train {NAME}.yml", shell=True)',
    ],
)
def test_every_way_to_start_axolotl_gives_the_settings_of_its_file(tmp_path: Path, command: str) -> None:
    script = project(tmp_path, command, config_yml=YAML)
    assert settings(script, *SETTINGS) == SETTINGS


@pytest.mark.parametrize(
    ("image", "path", "where"),
    [
        ('i.add_local_file("config.yml", "/root/axolotl.yml")', "/root/axolotl.yml", "config_yml"),
        ('i.add_local_file("config.yml", "/cfg/")', "/cfg/config.yml", "config_yml"),
        ('i.add_local_dir("configs", remote_path="/root/configs")', "/root/configs/a.yml", "configs__a_yml"),
        ('i.add_local_dir("configs", "/root/configs")', "configs/a.yml", "configs__a_yml"),
        ('i.add_local_dir("configs", "/root/configs").workdir("/root/configs")', "a.yml", "configs__a_yml"),
        ('i.add_local_dir(Path(__file__).parent / "configs", "/c")', "/c/a.yml", "configs__a_yml"),
        (
            'i.add_local_file(str(Path(__file__).resolve().parent / "x" / "a.yml"), "/c.yml")',
            "/c.yml",
            "x__a_yml",
        ),
        ('i.add_local_dir(os.path.join(os.path.dirname(__file__), "x"), "/c")', "/c/a.yml", "x__a_yml"),
        ('i.copy_local_file("config.yml", "/root/c.yml")', "/root/c.yml", "config_yml"),
    ],
)
def test_a_file_that_the_image_brings_along_is_found(
    tmp_path: Path, image: str, path: str, where: str
) -> None:
    built = image.replace("i.", "modal.Image.debian_slim().", 1)
    script = project(tmp_path, f'subprocess.run(["axolotl", "train", "{path}"])', built, **{where: YAML})
    epochs = script.training.get("epochs")
    assert isinstance(epochs, Known)
    assert (epochs.value, epochs.assumed) == (3, None)
    assert epochs.span.path == tmp_path / where.replace("__", "/").replace("_yml", ".yml")


def test_the_image_of_a_sibling_brings_its_file(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "a.yml").write_text(YAML)
    (tmp_path / "common.py").write_text(
        "from pathlib import Path, PurePosixPath\nimport modal\nCONFIG = PurePosixPath('/root/config.yml')\n"
        "base = modal.Image.debian_slim()\n"
        "image = base.add_local_file(Path(__file__).parent / 'configs/a.yml', str(CONFIG))\n"
    )
    path = tmp_path / "train.py"
    path.write_text(
        "import modal, subprocess\nfrom common import image, CONFIG\napp = modal.App('a')\n"
        "@app.function(image=image, gpu='H100')\ndef train():\n"
        "    out = str(CONFIG.parent / 'out')\n"
        "    subprocess.run(['axolotl', 'train', CONFIG.as_posix(), '--output-dir', out])\n"
    )
    script = Script.read(path)
    assert settings(script, "epochs", "output_dir") == {"epochs": 3, "output_dir": "/root/out"}
    (found,) = script.configurations
    assert found.certain


def test_a_mount_of_the_stub_era_brings_files_too(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(YAML)
    path = tmp_path / "train.py"
    path.write_text(
        "import modal, subprocess\nstub = modal.Stub('a')\n"
        "@stub.function(gpu=modal.gpu.A100(count=2), "
        "mounts=[modal.Mount.from_local_file('config.yml', remote_path='/root/c.yml')])\n"
        "def train():\n    subprocess.run('accelerate launch -m axolotl.cli.train /root/c.yml', shell=True)\n"
    )
    assert settings(Script.read(path), "epochs", "method") == {"epochs": 3, "method": "qlora"}


def test_a_file_beside_the_script_is_a_guess_for_an_absolute_path(tmp_path: Path) -> None:
    script = project(
        tmp_path, 'subprocess.run("axolotl train /workspace/config.yml", shell=True)', config_yml=YAML
    )
    epochs = script.training.get("epochs")
    assert isinstance(epochs, Known)
    assert epochs.value == 3
    assert epochs.assumed is not None
    assert "config.yml beside the script" in epochs.assumed


def test_values_stand_where_the_file_has_them(tmp_path: Path) -> None:
    script = project(tmp_path, 'subprocess.run("axolotl train config.yml", shell=True)', config_yml=YAML)
    source = Source.read(tmp_path / "config.yml")
    found = {
        name: (source.slice(value.span), value.span.line)
        for name, value in script.training.values.items()
        if name in SETTINGS and name != "trainer" and not isinstance(value, Unknown)
    }
    lines = YAML.splitlines()
    for text, line in found.values():
        assert text in lines[line - 1]
    assert found["micro_batch"] == ("2", lines.index("micro_batch_size: 2          # per GPU") + 1)
    assert found["dataset"] == ("tatsu-lab/alpaca", lines.index("  - path: tatsu-lab/alpaca") + 1)
    assert found["method"][1] == 2


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_marks_move_nothing(tmp_path: Path, end: str, mark: str) -> None:
    text = "base_model: Qwen/Qwen3-8B\n# größer: 模型\nnum_epochs: 3\nmicro_batch_size: 4".replace("\n", end)
    script = project(tmp_path, 'subprocess.run("axolotl train config.yml", shell=True)')
    (tmp_path / "config.yml").write_bytes((mark + text).encode())
    script = Script.read(script.path)
    for name, line, column in (("epochs", 3, 13), ("micro_batch", 4, 19)):
        value = script.training.get(name)
        assert value is not None
        span = value.span
        assert (span.line, span.column, span.end_line, span.end_column) == (line, column, line, column + 1)


def test_each_of_two_configurations_is_a_training_of_its_own(tmp_path: Path) -> None:
    script = project(
        tmp_path,
        'subprocess.run("axolotl train a.yml && axolotl train b.yml", shell=True, check=True)',
        a_yml="base_model: Qwen/Qwen3-8B\nnum_epochs: 3\nadapter: lora\nlora_r: 8\n",
        b_yml="base_model: Qwen/Qwen3-0.6B\nmicro_batch_size: 4\n",
    )
    one, other = script.trainings(script.functions[0])
    assert [one.known(name) for name in ("model", "epochs", "method", "lora_r")] == [
        "Qwen/Qwen3-8B",
        3,
        "lora",
        8,
    ]
    assert [other.known(name) for name in ("model", "micro_batch", "method", "lora_r")] == [
        "Qwen/Qwen3-0.6B", 4, "full", None,
    ]  # fmt: skip


def test_options_of_the_command_win_over_the_file(tmp_path: Path) -> None:
    script = project(
        tmp_path,
        "steps = int(input())\nsubprocess.run(['axolotl', 'train', 'config.yml', '--num-epochs', '1',"
        " '--micro_batch_size=8', '--max-steps', str(steps)])",
        config_yml=YAML,
    )
    assert settings(script, "epochs", "micro_batch", "lora_r") == {
        "epochs": 1,
        "micro_batch": 8,
        "lora_r": 32,
    }
    assert isinstance(script.training.get("max_steps"), Unknown)


@pytest.mark.parametrize(
    "function",
    [
        "Path('/tmp/c.yml').write_text(CONFIG)\nsubprocess.run('axolotl train /tmp/c.yml', shell=True)",
        "with open('c.yml', 'w') as f:\n    f.write(CONFIG)\nsubprocess.run(('axolotl', 'train', 'c.yml'))",
        "path = Path('/tmp') / 'c.yml'\npath.write_text(textwrap.dedent(CONFIG))\n"
        "subprocess.run(['axolotl', 'train', str(path)])",
        "f = open('/c.yml', 'w')\nf.write(CONFIG.strip())\nf.close()\n"
        "subprocess.run('axolotl train /c.yml'.split())",
    ],
)
def test_a_text_that_the_script_writes_is_read_at_its_own_lines(tmp_path: Path, function: str) -> None:
    path = tmp_path / "train.py"
    body = "".join(f"    {line}\n" for line in function.splitlines())
    path.write_text(f"{HEAD}CONFIG = '''\n{YAML}'''\n@app.function(gpu='H100')\ndef train():\n{body}")
    script = Script.read(path)
    assert settings(script, *SETTINGS) == SETTINGS
    for name in ("epochs", "lora_r", "micro_batch", "dataset", "learning_rate"):
        value = script.training.get(name)
        assert isinstance(value, Known)
        assert value.assumed is None
        assert script.source.slice(value.span) in (str(SETTINGS[name]), "2e-4")


def test_the_fields_of_an_f_string_are_filled_in_or_unknown(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(
        f"{HEAD}EPOCHS, name = 2, input()\nTEXT = f'''base_model: {{name}}\nnum_epochs: {{EPOCHS}}\n"
        "micro_batch_size: 4\noutput_dir: /runs/{name}\n'''\n@app.function(gpu='H100')\ndef train():\n"
        "    Path('/c.yml').write_text(TEXT)\n    subprocess.run('axolotl train /c.yml', shell=True)\n"
    )
    script = Script.read(path)
    assert settings(script, "epochs", "micro_batch") == {"epochs": 2, "micro_batch": 4}
    assert isinstance(script.training.get("model"), Unknown)
    assert isinstance(script.training.get("output_dir"), Unknown)
    epochs = script.training.get("epochs")
    assert epochs is not None
    assert script.source.slice(epochs.span) == "{EPOCHS}"


@pytest.mark.parametrize("dump", ["yaml.dump(config, file)", "yaml.safe_dump(config, file, sort_keys=False)",
                                  "file.write(yaml.dump(config))", "json.dump(config, file)"])  # fmt: skip
def test_a_dict_that_the_script_dumps_is_read(tmp_path: Path, dump: str) -> None:
    script = project(
        tmp_path,
        "EPOCHS = 3\nconfig = {'base_model': 'Qwen/Qwen3-8B', 'num_epochs': EPOCHS, 'adapter': 'lora',\n"
        "          'datasets': [{'path': 'tatsu-lab/alpaca', 'type': 'alpaca'}], 'lora_r': int(input())}\n"
        f"with open('/c.yml', 'w') as file:\n    {dump}\nsubprocess.run('axolotl train /c.yml', shell=True)",
    )
    known = {"model": "Qwen/Qwen3-8B", "epochs": 3, "method": "lora", "dataset": "tatsu-lab/alpaca"}
    assert settings(script, *known) == known
    assert isinstance(script.training.get("lora_r"), Unknown)


def test_a_text_that_may_change_before_it_is_written_is_a_guess(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(
        f"{HEAD}CONFIG = '''\n{YAML}'''\n"
        "def write(text, path):\n    values = yaml.safe_load(text)\n    values['num_epochs'] = 1\n"
        "    with open(path, 'w') as file:\n        yaml.dump(values, file)\n"
        "@app.function(gpu='H100', timeout=4 * 3600, retries=3)\n"
        "def train(text: str = CONFIG, path: str = '/data/c.yml'):\n"
        "    write(text, path)\n    subprocess.run(['axolotl', 'train', path])\n"
    )
    script = Script.read(path)
    epochs = script.training.get("epochs")
    assert isinstance(epochs, Known)
    assert (epochs.value, epochs.assumed) == (3, "what CONFIG holds, which may change before it is used")
    # Such a guess is good for a plan, and not for saying that nothing resumes.
    assert [one.code for one in check(script, Facts.bundled()) if one.code in ("TM305", "TM406")] == []


def test_two_texts_that_could_be_the_configuration_are_none(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(
        f"{HEAD}A = '''\n{YAML}'''\nB = '''\n{YAML}'''\n@app.function(gpu='H100')\n"
        "def train(path: str):\n    subprocess.run(['axolotl', 'train', path])\n"
    )
    (found,) = Script.read(path).configurations
    assert found.calls == ()
    assert isinstance(found.problem, Unknown)


def test_what_is_left_out_is_what_axolotl_does_then(tmp_path: Path) -> None:
    script = project(
        tmp_path, 'subprocess.run("axolotl train c.yml", shell=True)', c_yml="base_model: Qwen/Qwen3-8B\n"
    )
    for name, default in (
        ("micro_batch", 1),
        ("epochs", 1.0),
        ("seq_len", 512),
        ("output_dir", "./model-out"),
    ):
        value = script.training.get(name)
        assert isinstance(value, Known)
        assert (value.value, value.assumed) == (default, "the default of Axolotl")
    assert script.training.known("method") == "full"
    (arguments,) = (
        call.made
        for call in script.configurations[0].calls
        if call.made.name == "transformers.TrainingArguments"
    )
    saves = {name: value.value for name, value in arguments.kwargs.items() if isinstance(value, Known)}
    assert (saves["save_strategy"], saves["save_total_limit"]) == ("epoch", 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("num_epochs: 2\nsaves_per_epoch: 5\n", ("steps", 0.1)),
        ("save_steps: 50\n", ("steps", 50)),
        ("save_strategy: best\n", ("best", None)),
        ("saves_per_epoch: 2\nsave_steps:\n", ("steps", 0.5)),
    ],
)
def test_the_save_interval_is_what_the_trainer_makes_of_it(
    tmp_path: Path, text: str, expected: tuple[object, object]
) -> None:
    script = project(tmp_path, 'subprocess.run("axolotl train c.yml", shell=True)', c_yml=text)
    arguments = script.configurations[0].calls[0].made.kwargs
    found = tuple(
        value.value if isinstance(value := arguments.get(name), Known) else None
        for name in ("save_strategy", "save_steps")
    )
    assert found == expected


def test_a_list_of_adapted_modules_and_anchors_and_merges(tmp_path: Path) -> None:
    text = (
        "defaults: &defaults\n  lora_r: 8\n  num_epochs: 5\n<<: *defaults\nbase_model: Qwen/Qwen3-8B\n"
        "adapter: lora\nnum_epochs: 2\nlora_target_modules:\n  - q_proj\n  - v_proj\n"
    )
    script = project(tmp_path, 'subprocess.run("axolotl train c.yml", shell=True)', c_yml=text)
    known = {"lora_r": 8, "epochs": 2, "target_modules": ["q_proj", "v_proj"]}
    assert settings(script, *known) == known


@pytest.mark.parametrize(
    "text",
    [
        "base_model: [unclosed\n",
        "- a\n- b\n",
        "",
        "base_model: {{ model }}\n  x: 1\n",
        "base_model: !env MODEL\n",
        "a: \0\n",
        "[" * 3000,
    ],
)
def test_a_file_that_cannot_be_read_leaves_the_settings_unknown(tmp_path: Path, text: str) -> None:
    script = project(tmp_path, 'subprocess.run("axolotl train c.yml", shell=True)', c_yml=text)
    (found,) = script.configurations
    assert script.training.known("epochs") is None
    assert found.problem is not None
    assert [one for one in check(script, Facts.bundled()) if one.code in ("TM305", "TM401", "TM406")] == []
    with pytest.raises(PlanError):
        plan_script(script, Facts.bundled())


def test_aliases_that_stand_for_a_flood_of_nodes_are_unknown() -> None:
    pairs = zip("abcdefgh", "bcdefghi", strict=True)
    text = "a: &a [x, x]\n" + "".join(f"{key}: &{key} [{', '.join([f'*{one}'] * 9)}]\n" for one, key in pairs)
    read = read_yaml(text, Source(Path("c.yml"), text).span_between)
    assert isinstance(read, dict)
    assert isinstance(read["a"], Known)
    assert isinstance(read["i"], Unknown)


def test_a_configuration_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    script = project(tmp_path, 'subprocess.run("axolotl train /data/c.yml", shell=True)')
    (found,) = script.configurations
    assert isinstance(found.problem, Unknown)
    assert found.problem.reason == "/data/c.yml is neither beside the script nor written by it"
    with pytest.raises(PlanError, match=r"/data/c\.yml is neither beside the script nor written by it"):
        plan_script(script, Facts.bundled())


def test_a_plan_takes_its_job_from_the_file(tmp_path: Path) -> None:
    script = project(tmp_path, 'subprocess.run("axolotl train config.yml", shell=True)', config_yml=YAML)
    job = plan_script(script, Facts.bundled()).job
    assert (job.model.id, job.method, job.seq_len, job.global_batch, job.epochs, job.lora_r, job.packing) == (
        "meta-llama/Llama-3.1-8B", "qlora", 4096, 8, 3, 32, True,
    )  # fmt: skip


def test_without_pyyaml_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = project(tmp_path, 'subprocess.run("axolotl train config.yml", shell=True)', config_yml=YAML)
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ScriptError, match="pip install pyyaml"):
        _ = script.training


def test_llama_factory_speaks_the_words_of_transformers(tmp_path: Path) -> None:
    script = project(
        tmp_path,
        'subprocess.run(["llamafactory-cli", "train", "sft.yaml"])',
        sft_yaml="",
    )
    (tmp_path / "sft.yaml").write_text(
        "model_name_or_path: Qwen/Qwen3-8B\nfinetuning_type: lora\nlora_rank: 16\nlora_target: all\n"
        "quantization_bit: 4\ncutoff_len: 2048\nper_device_train_batch_size: 2\nnum_train_epochs: 3.0\n"
        "learning_rate: 1.0e-4\noutput_dir: /runs/x\n"
    )
    known = {
        "trainer": "llamafactory", "model": "Qwen/Qwen3-8B", "method": "qlora", "lora_r": 16, "seq_len": 2048,
        "micro_batch": 2, "epochs": 3.0, "learning_rate": 1e-4, "target_modules": "all-linear",
    }  # fmt: skip
    assert settings(Script.read(script.path), *known) == known


@pytest.mark.parametrize(
    ("text", "processes", "nodes"),
    [
        ("num_processes: 8\nnum_machines: 1\n", 8, 1),
        ("num_processes: 16\nnum_machines: 2\n", 8, 2),
        ("mixed_precision: bf16\n", None, 1),
        ("num_processes: many\n", None, 1),
    ],
)
def test_accelerate_reads_its_processes_from_its_configuration(
    tmp_path: Path, text: str, processes: int | None, nodes: int
) -> None:
    script = project(
        tmp_path,
        'subprocess.run("accelerate launch --config_file acc.yml train_it.py", shell=True)',
        acc_yml=text,
    )
    (command,) = script.commands
    (launch,) = command.launches
    assert (launch.processes, launch.nodes, launch.target) == (processes, nodes, "train_it.py")


def test_the_count_on_the_command_line_wins_over_accelerates_file(tmp_path: Path) -> None:
    script = project(
        tmp_path,
        'subprocess.run("accelerate launch --config_file acc.yml --num_processes 4 x.py", shell=True)',
        acc_yml="num_processes: 8\n",
    )
    assert script.commands[0].launches[0].processes == 4


_keys = st.text("abcdefgh_", min_size=1, max_size=6)
_scalars = st.one_of(
    st.integers(-999, 999), st.booleans(), st.text("xyz/.- é", min_size=1, max_size=8), st.none()
)


@examples(deadline=None, max_examples=60)
@given(st.dictionaries(_keys, st.one_of(_scalars, st.lists(_scalars, max_size=3)), max_size=6), st.booleans())
def test_any_mapping_is_read_as_pyyaml_reads_it_and_scalars_stand_at_their_text(
    values: dict[str, Any], flow: bool
) -> None:
    import yaml

    text = yaml.safe_dump(values, default_flow_style=flow, allow_unicode=True)
    source = Source(Path("c.yml"), text)
    read = read_yaml(text, source.span_between)
    assert isinstance(read, dict)
    assert {name: value.value for name, value in read.items() if isinstance(value, Known)} == yaml.safe_load(
        text
    )
    for value in read.values():
        assert isinstance(value, Known)
        if not isinstance(value.value, list | type(None)):
            assert yaml.safe_load(source.slice(value.span)) == value.value
        for leaf in value.leaves if isinstance(value.value, list) else ():
            # A long line is folded within a scalar, which reads as if it were not.
            assert yaml.load(source.slice(leaf.span), Loader=yaml.BaseLoader) == leaf.value


@examples(deadline=None, max_examples=60)
@given(st.text(max_size=80))
def test_any_text_is_a_mapping_or_has_a_reason(text: str) -> None:
    read = read_yaml(text, Source(Path("c.yml"), text).span_between)
    assert isinstance(read, dict) or read.reason
