"""A plan as a picture: hours against dollars, and the memory of each option below its GPU's limit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tminus.plan import Option, Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".svg", ".png")

MOST_BARS = 12
"""Options whose memory is drawn; more cannot be told apart."""


class PictureError(Exception):
    """A picture that cannot be drawn; the message says why and what to do."""


def write_picture(plan: Plan, path: Path) -> None:
    """Draw a plan into an .svg or .png file.

    Raises:
        PictureError: Another ending, or matplotlib is not installed.
    """
    if path.suffix not in FORMATS:
        raise PictureError(f"{path}: pictures are written as {' or '.join(FORMATS)}")
    try:
        import matplotlib
    except ImportError as error:
        raise PictureError('pictures need matplotlib: pip install "tminus[plot]"') from error
    matplotlib.use("agg")
    # Text stays text, and the same plan gives the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "tminus"})
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 9), layout="constrained")
    above, below = figure.subplots(2, 1)
    _draw_front(above, plan)
    _draw_memory(below, [option for option in plan.options if option.allowed][:MOST_BARS])
    from tminus.durable import write_bytes

    write_bytes(path, _rendered(figure, path.suffix[1:]))


def _rendered(figure: Any, kind: str) -> bytes:
    from io import BytesIO

    written = BytesIO()
    figure.savefig(written, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    return written.getvalue()


def _draw_front(axes: Axes, plan: Plan) -> None:
    running = [option for option in plan.matrix if option.runs]
    axes.scatter(
        [option.estimate.run.hours for option in running],
        [option.estimate.usd for option in running],
        s=14,
        color="#9aa5b1",
        label="every option that runs",
    )
    front = plan.pareto
    axes.plot(
        [option.estimate.run.hours for option in front],
        [option.estimate.usd for option in front],
        marker="o",
        color="#2563a8",
        label="nothing is both quicker and cheaper",
    )
    named = {id(option): option for option in front}
    for chosen in (plan.now, plan.cheapest, plan.fastest):
        if chosen is not None:
            named[id(chosen.option)] = chosen.option
    for option in named.values():
        place = (option.estimate.run.hours, option.estimate.usd)
        axes.annotate(option.name, place, xytext=(4, 4), textcoords="offset points", fontsize=8)
    for limit, draw, unit in (
        (plan.wishes.budget_usd, axes.axhline, "budget"),
        (None if plan.wishes.deadline_s is None else plan.wishes.deadline_s / 3600, axes.axvline, "deadline"),
    ):
        if limit is not None:
            draw(limit, color="#b3261e", linestyle="--", linewidth=1, label=unit)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    axes.set_xlabel("hours")
    axes.set_ylabel("US dollars")
    axes.set_title(f"{plan.job.method} of {plan.job.model.id}")
    axes.legend(fontsize=8)


def _draw_memory(axes: Axes, options: list[Option]) -> None:
    colours: dict[str, str] = {}
    palette = [
        "#2563a8",
        "#e07b39",
        "#3b8f5a",
        "#8e5ea2",
        "#c9a227",
        "#5ab4c5",
        "#b3536b",
        "#6b7a8f",
        "#a0c878",
        "#d98cb3",
        "#4b4b8f",
        "#7f5539",
    ]
    for row, option in enumerate(options):
        memory, left = option.estimate.memory, 0.0
        parts = {**memory.terms, "allocator": memory.slack_gib, "CUDA context": memory.context_gib}
        if memory.paged_gib:
            parts["paged optimizer states"] = memory.paged_gib
        for name, gib in parts.items():
            new = name not in colours
            colour = colours.setdefault(name, palette[len(colours) % len(palette)])
            axes.barh(row, gib, left=left, color=colour, label=name if new else None, height=0.6)
            left += gib
        limit = option.hardware.gpu.usable_gib
        axes.plot([limit, limit], [row - 0.4, row + 0.4], color="#b3261e", linewidth=2)
    axes.set_yticks(range(len(options)), [option.name for option in options], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("GiB of a GPU; red: what the card has")
    axes.legend(fontsize=7, ncols=2)
