"""`tminus train --dry-run`: the resolved configuration, what it takes, and what to think about."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tminus.train import TrainConfig


def dry_run(config: TrainConfig) -> int:
    """Print everything that is known before anything is paid for.

    Returns:
        0, or 1 where the run does not fit in the memory of the GPU that it names.
    """
    from tminus.facts import Facts
    from tminus.report.plan_text import print_plan
    from tminus.train.config_file import to_yaml
    from tminus.train.errors import EXIT_FAILED, EXIT_FINISHED
    from tminus.train.planned import planned

    facts = Facts.bundled()
    found = planned(config, facts)
    print(f"# run {config.run_id}")
    print(to_yaml(config))
    print_plan(found.plan, sys.stdout, facts.today)
    configured, asked = found.configured, found.plan.asked
    split, run, rate = configured.split, configured.run, configured.rate
    print(
        f"\nAs configured, on {asked.nodes} × {asked.gpus_per_node} {asked.gpu.name}: global batch "
        f"{split.global_batch} = micro-batch {split.micro_batch} × {split.accumulation} accumulation × "
        f"{split.world_size} ranks,\n{configured.memory.reserved_gib:.1f} of {asked.gpu.usable_gib:g} GiB a "
        f"GPU, {run.steps:,} steps, {run.hours:.2f} hours ({run.low_s / 3600:.2f}-{run.high_s / 3600:.2f}), "
        f"${configured.usd:.2f} (${rate.cost_usd(run.low_s):.2f}-${rate.cost_usd(run.high_s):.2f})"
    )
    if found.warnings:
        print("\nTo think about:")
        for line in found.warnings:
            print(f"- {line}")
    fits = config.gpu is None or configured.memory.fit(asked.gpu.usable_gib) != "no"
    return EXIT_FINISHED if fits else EXIT_FAILED
