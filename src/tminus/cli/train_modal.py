"""``tminus train --on modal``: the built-in fine-tune through gate, guard and record of a launch."""

from __future__ import annotations

import argparse
from pathlib import Path

from tminus.facts import Facts
from tminus.train import TrainConfig


def launch_config(config: TrainConfig, options: argparse.Namespace) -> int:
    """Write the Modal script of a configuration, and launch it.

    Args:
        config: The fine-tune, with `gpu` and, for a cluster, `nodes`.
        options: The flags of `tminus.cli.launch.add_limit_flags`.

    Returns:
        The exit code of the launch.

    Raises:
        ConfigError: The configuration cannot run on Modal.
    """
    from tminus.cli.launch import launch_script
    from tminus.launch.recipe import recipe_text, run_name
    from tminus.launch.run import LaunchOptions

    # The guard holds the budget and the deadline of the launch; the configuration's own hold in the trainer.
    path = Path(".tminus") / "launched" / f"{run_name(config).replace('.', '-').replace('-', '_')}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(recipe_text(config, Facts.bundled()), encoding="utf-8")
    how = LaunchOptions(
        budget_usd=options.budget, deadline_s=options.deadline, guard_poll_s=options.guard_poll
    )
    return launch_script(path, how, options, dry_run=options.dry_run)
