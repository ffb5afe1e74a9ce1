"""A plan as a chart in the terminal."""

from __future__ import annotations

import shutil
from typing import TextIO

from tminus.plan import Plan
from tminus.report.style import Style


def print_chart(plan: Plan, stream: TextIO) -> None:
    """Hours against dollars of every option that runs, the front among them marked.

    Says what to install where plotext is missing.
    """
    try:
        import plotext
    except ImportError:
        print('\nThe chart needs plotext: pip install "tminus[plot]"', file=stream)
        return
    running = [option for option in plan.matrix if option.runs]
    if not running:
        return
    plotext.clear_figure()
    width = min(shutil.get_terminal_size((100, 30)).columns, 110) if stream.isatty() else 100
    plotext.plot_size(width, 24)
    front = {id(option) for option in plan.pareto}
    for label, marker, chosen in (
        ("every option", ".", [option for option in running if id(option) not in front]),
        ("nothing is both quicker and cheaper", "●", list(plan.pareto)),
    ):
        if chosen:
            hours = [option.estimate.run.hours for option in chosen]
            plotext.scatter(hours, [option.estimate.usd for option in chosen], label=label, marker=marker)
    plotext.xscale("log")
    plotext.yscale("log")
    plotext.xlabel("hours")
    plotext.ylabel("US dollars")
    drawn = plotext.build()
    print(f"\n{drawn if Style.of(stream).colour else plotext.uncolorize(drawn)}", file=stream)
