"""`tminus plan` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
OPTION_KEYS = {
    "name", "gpu", "nodes", "allowed", "refused_because", "fits", "memory_gib_per_gpu", "global_batch",
    "steps", "checkpoint_every", "hours", "usd", "prerequisites",
}  # fmt: skip


def tminus(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tminus", *arguments], capture_output=True, text=True, check=False
    )


def test_json_of_the_audit_has_the_documented_shape() -> None:
    done = tminus("plan", str(EXAMPLES / "audit/train_h100x10.py"), "--format", "json")
    assert done.returncode == 0
    plan = json.loads(done.stdout)
    assert {"job", "assumed", "options", "recommended", "prices_as_of"} <= set(plan)
    options = {option["name"]: option for option in plan["options"]}
    for option in options.values():
        assert set(option) >= OPTION_KEYS
    assert options["1 × 8 H100"]["fits"] is True
    assert options["2 × 8 H100"]["nodes"] == 2
    assert any("Team" in line for line in options["2 × 8 H100"]["prerequisites"])
    assert options["2 × 5 H100"]["allowed"] is False
    assert "must request all GPUs of its host" in options["2 × 5 H100"]["refused_because"]
    assert "at most 8 H100" in options["1 × 10 H100"]["refused_because"]
    assert plan["recommended"]["now"]["reasons"]
    assert plan["recommended"]["fastest"]["option"] in options


def test_text_names_both_recommendations_the_refusals_and_the_age_of_the_prices() -> None:
    done = tminus("plan", str(EXAMPLES / "finetune_llama.py"))
    assert done.returncode == 0
    for words in ("Recommended now: ", "Fastest: ", "To set up first:", "Assumed:", "Prices as of 2026-"):
        assert words in done.stdout
    assert "\x1b[" not in done.stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "import modal\napp = modal.App('a')\n@app.function(gpu='H100')\ndef f(): ...\n",
            "no training was found",
        ),
        (None, "No such file"),
    ],
)
def test_what_cannot_be_planned_exits_2_with_the_reason(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    path = tmp_path / "script.py"
    if text is not None:
        path.write_text(text)
    done = tminus("plan", str(path))
    assert done.returncode == 2
    assert reason in done.stderr


def test_planning_as_json_loads_neither_torch_nor_the_client_nor_rich() -> None:
    program = (
        "import sys; from tminus.cli import main; main(['plan', sys.argv[1], '--format', 'json']);"
        "print(sorted({'torch', 'transformers', 'modal', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    script = str(EXAMPLES / "finetune_llama.py")
    done = subprocess.run([sys.executable, "-c", program, script], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
