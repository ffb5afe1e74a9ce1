"""The losses of a run as a drawing: an SVG that any browser shows, and no library to draw it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from tminus.durable import write_text
from tminus.train.metrics import METRICS_FILE, read_evaluations, read_metrics

PLOT_FILE = "loss.svg"

_WIDTH, _HEIGHT = 760, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 34, 46
_TICKS = 5

Points = Sequence[tuple[float, float]]


def write_loss_plot(output_dir: Path, to: Path, title: str) -> bool:
    """Draw the losses of a run. Returns whether there was one to draw.

    Args:
        output_dir: Directory of the run, with its metrics.
        to: File to write.
        title: What stands above it.
    """
    path = output_dir / METRICS_FILE
    losses = [(line["step"], line["loss"]) for line in read_metrics(path) if line["loss"] is not None]
    held_out = [
        (line["step"], line["eval_loss"]) for line in read_evaluations(path) if line["eval_loss"] is not None
    ]
    if len(losses) < 2:
        return False
    write_text(to, loss_svg(losses, held_out, title), flush=False)
    return True


def loss_svg(losses: Points, held_out: Points, title: str) -> str:
    """An SVG of the losses over the steps.

    Args:
        losses: Step and loss of training, in order, at least two of them.
        held_out: Step and loss of the evaluations.
        title: What stands above it.
    """
    steps = [step for step, _ in (*losses, *held_out)]
    values = [value for _, value in (*losses, *held_out)]
    frame = _Frame(min(steps), max(steps), min(values), max(values))
    smooth = _smoothed(losses)
    legend = [("#9db4cc", "loss"), ("#1f5fa8", f"mean of {_window(losses)} steps")]
    lines = [frame.line(losses, "#9db4cc", 1), frame.line(smooth, "#1f5fa8", 2)]
    if held_out:
        legend.append(("#c2571a", "evaluation"))
        lines.append(frame.line(held_out, "#c2571a", 2))
        lines += [frame.dot(point, "#c2571a") for point in held_out]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
            'font-family="sans-serif" font-size="12" fill="#444">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
            f'<text x="{_LEFT}" y="20" font-size="14" fill="#222">{_escaped(title)}</text>',
            *frame.axes(),
            *lines,
            *(_label(number, colour, name) for number, (colour, name) in enumerate(legend)),
            "</svg>\n",
        ]
    )


def _label(number: int, colour: str, name: str) -> str:
    x, y = _WIDTH - _RIGHT - 130, _TOP + 16 + 16 * number
    return f'<text x="{x}" y="{y}" fill="{colour}">{name}</text>'


class _Frame:
    """Where steps and losses lie on the drawing."""

    def __init__(self, first: float, last: float, low: float, high: float) -> None:
        margin = (high - low) * 0.05 or 0.5
        self._first, self._span = first, max(last - first, 1)
        self._low, self._rise = low - margin, high - low + 2 * margin

    def at(self, step: float, value: float) -> tuple[float, float]:
        x = _LEFT + (step - self._first) / self._span * (_WIDTH - _LEFT - _RIGHT)
        y = _HEIGHT - _BOTTOM - (value - self._low) / self._rise * (_HEIGHT - _TOP - _BOTTOM)
        return round(x, 1), round(y, 1)

    def line(self, points: Points, colour: str, width: int) -> str:
        path = " ".join(f"{x},{y}" for x, y in (self.at(*point) for point in points))
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'

    def dot(self, point: tuple[float, float], colour: str) -> str:
        x, y = self.at(*point)
        return f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'

    def axes(self) -> list[str]:
        drawn = []
        for tick in range(_TICKS):
            value = self._low + self._rise * tick / (_TICKS - 1)
            _, y = self.at(self._first, value)
            drawn.append(
                f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#e3e3e3"/>'
                f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value:.3g}</text>'
            )
            step = self._first + self._span * tick / (_TICKS - 1)
            x, _ = self.at(step, self._low)
            drawn.append(f'<text x="{x}" y="{_HEIGHT - 24}" text-anchor="middle">{step:.0f}</text>')
        drawn.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">optimizer step</text>')
        return drawn


def _window(losses: Points) -> int:
    return max(1, len(losses) // 20)


def _smoothed(losses: Points) -> Points:
    window = _window(losses)
    return [
        (step, fmean(value for _, value in losses[max(0, index - window + 1) : index + 1]))
        for index, (step, _) in enumerate(losses)
    ]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
