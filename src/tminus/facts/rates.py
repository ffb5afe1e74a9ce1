"""What the user's workspace pays now, asked of the service through the client.

``modal billing rates --json`` (client 1.5.4 and later, with a token) gives US dollars an hour by name:
``gpu_hour_cost_h100``, ``cpu_hour_cost``, ``mem_gib_hour_cost``. The client runs as a program of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from tminus.facts.fact import Fact
from tminus.facts.gpus import GpuType
from tminus.facts.loader import Facts

_TIMEOUT_S = 60
_SOURCE = "https://modal.com/docs/cli/latest/billing#modal-billing-rates"
_NAMES = {
    "price.cpu_usd_per_core_second": "cpu_hour_cost",
    "price.memory_usd_per_gib_second": "mem_gib_hour_cost",
}
# The service's names of types that a request calls otherwise.
_GPU_NAMES = {"A10": "a10g", "A100": "a100_40gb", "H100!": "h100", "B200+": "b200"}

SANE_RATIO = 4.0
"""How many times the documented price a price may be, or how small a part of it.

The largest change of a price that is known is 13 % (H100, 4.56 to 3.95 USD an hour), the largest documented
multiplier 3; what is beyond is a misread unit.
"""


class RatesError(Exception):
    """No rates could be had; the message says why."""


@dataclass(frozen=True, slots=True)
class LiveRate:
    """A price as the service gives it.

    Attributes:
        documented: The bundled price, a second.
        usd_per_second: The service's price, a second.
        name: The service's name for it.
    """

    documented: Fact
    usd_per_second: float
    name: str

    @property
    def ratio(self) -> float:
        """The service's price over the bundled one."""
        return self.usd_per_second / float(self.documented.value)

    @property
    def sane(self) -> bool:
        """Whether the two are near enough to be the same thing."""
        return 1 / SANE_RATIO <= self.ratio <= SANE_RATIO

    def fact(self, today: date) -> Fact:
        """The price as a fact of today."""
        note = f"{self.name} of `modal billing rates`, for this workspace, rounded."
        return replace(
            self.documented,
            value=self.usd_per_second,
            source=_SOURCE,
            as_of=today,
            probe=None,
            probe_value=None,
            note=note,
        )


def live_rates(facts: Facts, client: Sequence[str] = (sys.executable, "-m", "modal")) -> tuple[LiveRate, ...]:
    """Ask the service for the prices of the workspace.

    Args:
        facts: The bundled prices, to which the service's are matched.
        client: The command that runs Modal's client.

    Returns:
        A rate for each bundled price of which the service names one.

    Raises:
        RatesError: The client is missing, has no credentials or is too old, or what it said cannot be read.
    """
    command = [*client, "billing", "rates", "--json"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RatesError(f"the client could not be asked: {error}") from error
    if answer.returncode != 0:
        raise RatesError(f"`modal billing rates` says: {' '.join((answer.stderr or answer.stdout).split())}")
    try:
        hourly = {name: float(value) for name, value in json.loads(answer.stdout).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise RatesError(f"`modal billing rates` gave no table of numbers: {error}") from error
    names = rate_names(facts)
    found = tuple(
        LiveRate(facts[fact_id], hourly[name] / 3600, name)
        for fact_id, name in names.items()
        if name in hourly
    )
    if not found:
        raise RatesError(f"`modal billing rates` names none of {', '.join(names.values())}")
    return found


def rate_names(facts: Facts) -> dict[str, str]:
    """The service's name of each price that it gives, by the price's id. Its prices are an hour."""
    return {**_NAMES, **{gpu.usd_per_second.id: _gpu_name(gpu) for gpu in facts.gpus.values()}}


def with_rates(facts: Facts, rates: Sequence[LiveRate], today: date) -> Facts:
    """The facts with the workspace's own prices in place of the bundled ones.

    Raises:
        RatesError: A price is not sane; the message says which.
    """
    wrong = [f"{rate.name} is {rate.ratio:.2g} times the documented price" for rate in rates if not rate.sane]
    if wrong:
        raise RatesError("; ".join(wrong))
    live: Mapping[str, Fact] = {rate.documented.id: rate.fact(today) for rate in rates}
    return replace(
        facts,
        history={**facts.history, **{fact_id: (fact,) for fact_id, fact in live.items()}},
        gpus={
            name: replace(gpu, usd_per_second=live.get(gpu.usd_per_second.id, gpu.usd_per_second))
            for name, gpu in facts.gpus.items()
        },
    )


def _gpu_name(gpu: GpuType) -> str:
    return "gpu_hour_cost_" + _GPU_NAMES.get(gpu.name, gpu.name.lower().replace("-", "_"))
