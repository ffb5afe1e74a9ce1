"""`tminus plan` as a user calls it: from flags, configurations and scripts, with all that it can do."""

import json
import re
import subprocess
import xml.etree.ElementTree as Xml

import pytest

from tminus.cli import main

FLAGS = ["--model", "meta-llama/Llama-3.1-8B", "--method", "lora", "--tokens", "5e7", "--seq-len", "4096"]
SCRIPT = """\
import modal
from peft import LoraConfig
from trl import SFTConfig, SFTTrainer

app = modal.App("a")


@app.function(gpu="H100:2")
def train():
    config = SFTConfig(
        per_device_train_batch_size=4, gradient_accumulation_steps=8, max_length=2048, max_steps=100
    )
    SFTTrainer("meta-llama/Llama-3.1-8B", args=config, peft_config=LoraConfig(r=16), train_dataset=rows)
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return path


def plan(capsys, *words):
    code = main(["plan", *map(str, words)])
    written = capsys.readouterr()
    return code, written.out, written.err


def test_flags_alone_make_a_plan(capsys):
    code, out, _ = plan(capsys, *FLAGS, "--global-batch", "64", "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["job"]["rows"] == 12_208
    assert found["pareto"]
    assert len(found["all"]) > 40
    bill = found["options"][0]["bill"]
    assert round(sum(bill["parts_usd"].values()), 2) == bill["usd"]
    terms = found["options"][0]["memory"]["terms"]
    assert round(sum(terms.values()), 3) == found["options"][0]["memory"]["allocated_gib"]


def test_any_method_names_each_option_by_its_own(capsys):
    _, out, _ = plan(capsys, *[word if word != "lora" else "any" for word in FLAGS], "--all")
    assert {"qlora", "lora", "full"} <= set(re.findall(r"[A-Z0-9]+, (\w+)", out))


def test_every_part_of_an_option_is_explained(capsys):
    _, out, _ = plan(capsys, *FLAGS, "--explain", "1")
    for part in ("weights", "allocator", "CUDA context", "matrix products", "start: model download", "GPU"):
        assert part in out
    with pytest.raises(SystemExit):
        main(["plan", "--explain", "x"])
    assert main(["plan", *FLAGS, "--explain", "99"]) == 2


def test_runs_are_played_through_with_a_seed(capsys):
    words = [*FLAGS, "--simulate", "20", "--seed", "3", "--format", "json"]
    first, second = (json.loads(plan(capsys, *words)[1])["simulated"] for _ in range(2))
    assert first == second
    assert all(one["hours"]["p10"] <= one["hours"]["p90"] for one in first.values())
    _, out, _ = plan(capsys, *words[:-2])
    assert "played through" in out


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_plan_is_drawn(capsys, tmp_path, kind):
    pytest.importorskip("matplotlib")
    path = tmp_path / f"plan.{kind}"
    _, _, err = plan(capsys, *FLAGS, "--picture", path)
    assert f"wrote {path}" in err
    data = path.read_bytes()
    if kind == "png":
        assert data.startswith(b"\x89PNG")
        return
    text = "".join(Xml.fromstring(data).itertext())
    for word in ("hours", "US dollars", "weights", "allocator"):
        assert word in text


def test_another_kind_of_picture_is_refused(capsys, tmp_path):
    code, _, err = plan(capsys, *FLAGS, "--picture", tmp_path / "plan.gif")
    assert code == 2
    assert ".svg or .png" in err


def test_a_chart_is_drawn_in_the_terminal(capsys):
    pytest.importorskip("plotext")
    _, out, _ = plan(capsys, *FLAGS, "--chart")
    assert "nothing is both quicker and cheaper" in out
    assert "\x1b" not in out


def test_a_diff_is_shown_and_applied(capsys, script):
    code, out, _ = plan(capsys, script, "--format", "json")
    names = [option["name"] for option in json.loads(out)["options"]]
    number = names.index("1 × 8 H100") + 1
    code, diff, _ = plan(capsys, script, "--diff", number)
    assert code == 0
    assert '+@app.function(gpu="H100:8")' in diff
    assert script.read_text() == SCRIPT
    code, _, err = plan(capsys, script, "--apply", number)
    assert code == 0
    assert "changed to 1 × 8 H100" in err
    assert 'gpu="H100:8"' in script.read_text()
    assert json.loads(plan(capsys, script, "--format", "json")[1])["options"][0]["name"] == "1 × 8 H100"


def test_only_a_script_is_edited(capsys):
    code, _, err = plan(capsys, *FLAGS, "--apply", "1")
    assert code == 2
    assert "only a script can be edited" in err


def test_a_pull_request_is_priced(capsys, script):
    def git(*words):
        subprocess.run(["git", "-C", script.parent, *words], check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("add", "train.py")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one")
    script.write_text(SCRIPT.replace("max_steps=100", "max_steps=300"))
    code, out, _ = plan(capsys, script, "--against", "main")
    assert code == 0
    assert re.search(r"\*\*\$[\d.]+ → \$[\d.]+\*\* a run \(\+\d+ %\) against main", out)
    code, _, err = plan(capsys, script, "--against", "elsewhere")
    assert code == 2
    assert "no revision 'elsewhere'" in err


def test_a_stored_plan_is_a_base_too(capsys, script, tmp_path):
    base = tmp_path / "base.json"
    base.write_text(plan(capsys, script, "--format", "json")[1])
    assert "No change against base.json" in plan(capsys, script, "--compare-to", base)[1]
    changed = plan(capsys, script, "--method", "full", "--compare-to", base, "--format", "json")[1]
    assert json.loads(changed)["changed"]


def test_a_configuration_of_our_own_trainer_is_planned(capsys, tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(
        "model: meta-llama/Llama-3.1-8B\nmethod: qlora\ndataset: tatsu-lab/alpaca\noutput_dir: /x\n"
        "global_batch: 64\ngpu: H100:8\n"
    )
    code, out, _ = plan(capsys, path, "--format", "json")
    assert code == 0
    assert json.loads(out)["options"][0]["gpu"] == "H100:8"
    assert (
        json.loads(plan(capsys, path, "--method", "full", "--format", "json")[1])["job"]["method"] == "full"
    )


def test_a_configuration_of_axolotl_is_planned(capsys, tmp_path):
    path = tmp_path / "axolotl.yml"
    path.write_text(
        "base_model: meta-llama/Llama-3.1-8B\nadapter: lora\nlora_r: 32\nsequence_len: 4096\n"
        "micro_batch_size: 2\ngradient_accumulation_steps: 4\nnum_epochs: 1\nsample_packing: true\n"
        "datasets:\n  - path: tatsu-lab/alpaca\n    type: alpaca\n"
    )
    code, out, _ = plan(capsys, path, "--gpu", "H100:4", "--rows", "52002", "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert found["options"][0]["gpu"] == "H100:4"
    assert (found["job"]["method"], found["job"]["lora_r"], found["job"]["seq_len"]) == ("lora", 32, 4096)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--method", "lora"], "--model"),
        ([*FLAGS, "--deadline", "soon"], "no duration"),
        ([*FLAGS, "--workspace", "gold"], "no workspace plan"),
        (["missing.py"], "missing.py"),
        (["missing.yaml"], "missing.yaml"),
    ],
)
def test_what_is_wrong_is_said(capsys, monkeypatch, tmp_path, words, said):
    monkeypatch.chdir(tmp_path)
    code, _, err = plan(capsys, *words)
    assert code == 2
    assert said in err


def test_markdown_has_every_option(capsys):
    _, out, _ = plan(capsys, *FLAGS, "--format", "markdown", "--budget", "1000", "--deadline", "1d")
    assert out.startswith("### lora of `meta-llama/Llama-3.1-8B`")
    assert out.count("\n| ") >= 6
    assert "**Cheapest:" in out
