"""Live prices. The service itself cannot be reached from a test: a program stands in for the client."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tminus.facts import Facts
from tminus.facts.rates import RatesError, live_rates, with_rates

FACTS = Facts.bundled()
TODAY = date(2026, 11, 24)


def client(tmp_path: Path, output: str, code: int = 0) -> list[str]:
    program = tmp_path / "client.py"
    program.write_text(
        "import sys\n"
        "assert sys.argv[1:] == ['billing', 'rates', '--json']\n"
        f"print({output!r})\n"
        f"sys.exit({code})\n"
    )
    return [sys.executable, str(program)]


def test_hourly_rates_become_prices_a_second(tmp_path: Path) -> None:
    said = '{"gpu_hour_cost_h100": "3.95", "cpu_hour_cost": ".0473", "gpu_hour_cost_unheard_of": "1"}'
    rates = {rate.documented.id: rate for rate in live_rates(FACTS, client(tmp_path, said))}
    assert set(rates) == {
        "price.cpu_usd_per_core_second",
        "gpu.H100.usd_per_second",
        "gpu.H100!.usd_per_second",
    }
    assert rates["gpu.H100.usd_per_second"].ratio == pytest.approx(1.0, abs=0.001)
    assert rates["price.cpu_usd_per_core_second"].sane
    live = with_rates(FACTS, list(rates.values()), TODAY)
    h100, b200 = live.gpus["H100"], live.gpus["B200"]
    assert h100.usd_per_hour == pytest.approx(3.95)
    assert h100.usd_per_second.as_of == TODAY
    assert live["gpu.H100.usd_per_second"] == h100.usd_per_second
    assert b200 == FACTS.gpus["B200"]


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
