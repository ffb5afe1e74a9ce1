"""Live prices, asked by the real client of the local control plane; a program stands in for a broken one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tminus.cli import main
from tminus.facts import Facts
from tminus.facts.rates import RatesError, live_rates, with_rates

FACTS = Facts.bundled()
TODAY = date(2026, 11, 24)


def charging(fact_id: str, usd_per_second: float) -> Facts:
    """The facts with another price."""
    return replace(
        FACTS,
        history={**FACTS.history, fact_id: (replace(FACTS[fact_id], value=usd_per_second),)},
    )


@pytest.fixture
def service(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A service that charges what the test's parameter says, and the client's settings for it."""
    pytest.importorskip("modal")
    from tminus.controlplane import ControlPlane

    with ControlPlane.running(tmp_path, facts=request.param) as plane:
        for name, value in plane.client_environment().items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.parametrize(
    "service", [charging("gpu.H200.usd_per_second", 0.00145)], indirect=True, ids=["H200"]
)
@pytest.mark.usefixtures("service")
def test_the_prices_of_the_workspace_take_the_place_of_the_bundled_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rates = {rate.documented.id: rate for rate in live_rates(FACTS)}
    assert len(rates) == 2 + len(FACTS.gpus)
    assert rates["gpu.H200.usd_per_second"].usd_per_second == pytest.approx(0.00145)
    assert rates["gpu.A100.usd_per_second"].ratio == pytest.approx(1.0, abs=0.001)
    assert all(rate.sane for rate in rates.values())
    live = with_rates(FACTS, list(rates.values()), TODAY)
    h200 = live.gpus["H200"]
    assert h200.usd_per_hour == pytest.approx(5.22)
    assert h200.usd_per_second.as_of == TODAY
    assert live["gpu.H200.usd_per_second"] == h200.usd_per_second
    assert main(["facts", "prices", "--live"]) == 0
    (line,) = [one for one in capsys.readouterr().out.splitlines() if one.startswith("gpu.H200.")]
    assert line.split()[1:] == ["5.2200", "USD/(GPU", "h)", "bundled", "4.5396", "+15%"]


SCRIPT = """
import modal
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

app = modal.App("train")

@app.function(gpu="H200", timeout=6 * 3600)
def train():
    model = AutoModelForCausalLM.from_pretrained("Qwen/Qwen2.5-7B")
    args = SFTConfig(output_dir="/data", per_device_train_batch_size=4, max_length=1024, max_steps=500)
    SFTTrainer(model, args=args).train()
"""


def planned(script: Path, capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[float, str]:
    """The price of the script's own GPU an hour, and the day of the plan's prices."""
    main(["plan", str(script), "--rows", "10000", "--tokens-per-row", "500", "--format", "json", *flags])
    document = json.loads(capsys.readouterr().out)
    (own,) = [one for one in document["options"] if one["asked"]]
    return own["usd_per_hour"], document["prices_as_of"]


@pytest.mark.parametrize(
    "service", [charging("gpu.H200.usd_per_second", 0.00145)], indirect=True, ids=["H200"]
)
@pytest.mark.usefixtures("service")
def test_a_plan_can_be_made_with_the_workspaces_prices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    bundled, read_on = planned(script, capsys)
    live, today = planned(script, capsys, "--live-prices")
    assert live - bundled == pytest.approx((0.00145 - 0.001261) * 3600, abs=0.01)
    assert (read_on, today) == ("2026-10-08", "2026-11-24")


@pytest.mark.parametrize("service", [charging("gpu.B300.usd_per_second", 7.1)], indirect=True, ids=["B300"])
@pytest.mark.usefixtures("service")
def test_an_hours_price_given_for_a_second_is_not_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "prices", "--live", "--format", "json"]) == 1
    assert capsys.readouterr().out.count('"sane": false') == 1


def client(tmp_path: Path, output: str, code: int = 0) -> list[str]:
    program = tmp_path / "client.py"
    program.write_text(
        "import sys\n"
        "assert sys.argv[1:] == ['billing', 'rates', '--json']\n"
        f"print({output!r})\n"
        f"sys.exit({code})\n"
    )
    return [sys.executable, str(program)]


def test_a_price_out_of_all_proportion_is_not_used(tmp_path: Path) -> None:
    rates = live_rates(FACTS, client(tmp_path, '{"gpu_hour_cost_h100": "395"}'))
    assert not any(rate.sane for rate in rates)
    with pytest.raises(RatesError, match=r"gpu_hour_cost_h100 is 1e\+02 times the documented price"):
        with_rates(FACTS, rates, TODAY)


@pytest.mark.parametrize(
    ("output", "code", "message"),
    [
        ("no token", 1, "says: no token"),
        ("[]", 0, "no table"),
        ("not json", 0, "no table"),
        ('{"x": "1"}', 0, "names none"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, output: str, code: int, message: str) -> None:
    with pytest.raises(RatesError, match=message):
        live_rates(FACTS, client(tmp_path, output, code))


def test_a_client_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(RatesError, match="could not be asked"):
        live_rates(FACTS, [str(tmp_path / "no-such-client")])


def test_the_real_client_says_that_it_has_no_credentials(tmp_path: Path) -> None:
    pytest.importorskip("modal")
    bare = {name: value for name, value in os.environ.items() if not name.startswith("MODAL_")}
    answer = subprocess.run(
        [sys.executable, "-m", "tminus.cli", "facts", "prices", "--live"],
        env={**bare, "MODAL_CONFIG_PATH": str(tmp_path / "none.toml")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert "no live prices" in answer.stderr
    assert "Token missing" in answer.stderr
