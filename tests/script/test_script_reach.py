"""What runs in a function's container, and whether it trains."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.script import Script, Source

HEAD = """\
import modal, subprocess
from trl import SFTTrainer, SFTConfig
app = modal.App("x")
"""


def read(text: str) -> Script:
    return Script.parse(Source(Path("train.py"), HEAD + text))


def reached(text: str) -> set[str]:
    script = read(text)
    return {one.name for one in script.reachable(script.functions[0]).definitions}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def a(): b()\ndef b(): ...\n@app.function()\ndef f(): a()", {"f", "a", "b"}),
        ("@app.function()\ndef f(): g.remote()\n@app.function()\ndef g(): ...", {"f"}),
        ("@app.function()\ndef f(): g.local()\n@app.function()\ndef g(): ...", {"f", "g"}),
        ("def rows(): ...\n@app.function()\ndef f(): rows().map(len)", {"f", "rows"}),
        (
            "@app.function()\ndef f():\n    def inner(): ...\n    def never(): ...\n    inner()",
            {"f", "inner"},
        ),
        ("@app.function()\ndef f():\n    @hook\n    def called(): ...", {"f", "called"}),
        # A method is no function of the module.
        ("class C:\n    def run(self): ...\n@app.function()\ndef f(): run()", {"f"}),
        ("class C:\n    def run(self): ...\n@app.function()\ndef f(): C().run()", {"f", "C", "run"}),
    ],
)
def test_what_a_function_uses(text: str, names: set[str]) -> None:
    assert reached(text) == names


def test_of_a_class_each_method_is_asked_for_itself() -> None:
    script = read(
        "@app.cls()\nclass C:\n    @modal.method()\n    def go(self): self.inner()\n"
        "    def inner(self): SFTTrainer('m').train()\n    @modal.method()\n    def clean(self): ..."
    )
    (function,) = script.functions
    assert script.trains(function) is not None
    assert script.trains(function, "go") is not None
    assert script.trains(function, "clean") is None
    assert script.trains(function, "absent") is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("SFTTrainer('m').train()", "trainer"),
        ("SFTTrainer('m').evaluate()", None),
        ("subprocess.run(['torchrun', 'train.py'], check=True)", "launch"),
        (
            "subprocess.run(['torchrun', '--nproc-per-node', '8', script], check=True); print('train.py')",
            "launch",
        ),
        ("subprocess.run(['torchrun', script], check=True); print('infer.py')", None),
        ("loss.backward(); optimizer.step()", "loop"),
    ],
)
def test_why_a_function_trains(body: str, kind: str | None) -> None:
    script = read(f"@app.function()\ndef f(script):\n    {body}")
    training = script.trains(script.functions[0])
    assert (training.kind if training is not None else None) == kind


def test_a_trainer_that_another_file_is_given_trains(tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text("def go(trainer): trainer.train()\n")
    text = HEAD + "from loop import go\n@app.function()\ndef f(): go(SFTTrainer('m'))\n"
    script = Script.parse(Source(tmp_path / "train.py", text))
    assert script.trains(script.functions[0]) is not None


def test_what_runs_elsewhere_is_not_outside(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def near(): ...\ndef far(): ...\n")
    text = HEAD + "from other import near, far\n@app.function()\ndef f():\n    near(); far.remote()\n"
    script = Script.parse(Source(tmp_path / "train.py", text))
    assert script.reachable(script.functions[0]).outside == ("other.near",)
