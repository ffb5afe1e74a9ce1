"""The options as a chart: time against price with their intervals, and those that none beats in both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tminus.plan import Option, Plan
from tminus.report.audit.document import Figure
from tminus.report.audit.svg import line, picture, text, width_of
from tminus.report.audit.wording import Words

_WIDTH, _HEIGHT = 760.0, 420.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 24.0, 24.0, 56.0
_TICKS_H = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


@dataclass(frozen=True, slots=True)
class _Scales:
    """Hours (their logarithm) and dollars to pixels."""

    hours: tuple[float, float]
    usd: tuple[float, float]

    def x(self, hours: float) -> float:
        low, high = (math.log(one) for one in self.hours)
        return _LEFT + (math.log(hours) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def shows(self, option: Option) -> bool:
        """Whether an option lies within the picture."""
        low, high = self.hours
        return low <= option.estimate.run.hours <= high and option.estimate.usd <= self.usd[1]

    def place(self, option: Option) -> tuple[float, float]:
        """Where an option lies."""
        return self.x(option.estimate.run.hours), self.y(option.estimate.usd)

    def y(self, usd: float) -> float:
        low, high = self.usd
        return _HEIGHT - _BOTTOM - (usd - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def options_chart(plan: Plan, words: Words) -> Figure | None:
    """Time and price of every option that runs; None where there are fewer than two to compare."""
    # The same machines may stand in both.
    named = {one.name: one for one in (*plan.pareto, *plan.options) if one.runs}
    if len(named) < 2:
        return None
    scales = _scales(list(named.values()))
    others = [one for one in plan.matrix if one.runs and one.name not in named and scales.shows(one)]
    caption = words("Time and price of the options")
    description = words(
        "Joined are those that none beats in both: {front}. Large with bold names: recommended. Small: the "
        "other machines that would run it.",
        front=", ".join(
            f"{one.name} ({words.hours(one.estimate.run.total_s)}, {words.usd(one.estimate.usd)})"
            for one in plan.pareto
        ),
    )
    body = [
        *_axes(scales, words),
        *(_point(one, scales, "point other", 2.5) for one in others),
        *_front(plan.pareto, scales),
        *(_interval(one, scales) for one in named.values()),
        *_points(plan, list(named.values()), scales),
    ]
    return Figure(picture("chart-options", caption, description, _WIDTH, _HEIGHT, body), caption, description)


def _scales(options: Sequence[Option]) -> _Scales:
    hours = [one.estimate.run.hours for one in options]
    return _Scales((min(hours) * 0.8, max(hours) * 1.6), (0.0, max(map(_usd_high, options)) * 1.05))


def _usd_high(option: Option) -> float:
    return option.estimate.rate.cost_usd(option.estimate.run.high_s)


def _axes(scales: _Scales, words: Words) -> Iterator[str]:
    floor = _HEIGHT - _BOTTOM
    low, high = scales.hours
    ticks = [one for one in _TICKS_H if low <= one <= high]
    for hours in ticks:
        x = scales.x(hours)
        yield line(x, _TOP, x, floor, "grid")
        yield text(x, floor + 18, _tick(hours, words), "quiet", "middle")
    step = _step(scales.usd[1])
    for number in range(int(scales.usd[1] / step) + 1):
        y = scales.y(number * step)
        yield line(_LEFT, y, _WIDTH - _RIGHT, y, "grid")
        yield text(_LEFT - 8, y + 4, words.number(number * step, 0 if step >= 1 else 1), "quiet", "end")
    yield text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, words("time, logarithmic"), "quiet", "middle")
    yield text(8, 14, words("US dollars"), "quiet")


def _tick(hours: float, words: Words) -> str:
    return f"{words.number(hours * 60)} min" if hours < 1 else f"{words.number(hours)} h"


def _step(most: float) -> float:
    """A round distance that gives four to eight lines."""
    rough = most / 6
    power = float(10 ** math.floor(math.log10(rough)))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= rough)


def _front(front: Sequence[Option], scales: _Scales) -> Iterator[str]:
    points = " ".join(
        f"{scales.x(one.estimate.run.hours):.1f},{scales.y(one.estimate.usd):.1f}" for one in front
    )
    yield f'<polyline class="front" points="{points}"/>'


def _interval(option: Option, scales: _Scales) -> str:
    x, rate, run = scales.x(option.estimate.run.hours), option.estimate.rate, option.estimate.run
    return line(x, scales.y(rate.cost_usd(run.low_s)), x, scales.y(rate.cost_usd(run.high_s)), "interval")


def _points(plan: Plan, options: Sequence[Option], scales: _Scales) -> Iterator[str]:
    chosen = [one.option.name for one in (plan.now, plan.fastest) if one is not None]
    front = [one.name for one in plan.pareto]
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in map(scales.place, options)]
    for one in sorted(options, key=lambda each: (each.name not in chosen, each.name not in front)):
        css = "chosen" if one.name in chosen else "best" if one.name in front else ""
        yield _point(one, scales, f"point {css}", 6 if css == "chosen" else 5)
        yield _label(one.name, *scales.place(one), taken, "strong" if css == "chosen" else "")


def _point(option: Option, scales: _Scales, css: str, radius: float) -> str:
    x, y = scales.place(option)
    title = f"<title>{option.name}</title>"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" class="{css}">{title}</circle>'


def _label(words: str, x: float, y: float, taken: list[tuple[float, float, float, float]], css: str) -> str:
    """A point's name at the first of several places beside it where nothing else stands; else none."""
    width = width_of(words)
    for shift in (0, -14, 16, -30, 34):
        for left in (x + 10, x - 10 - width):
            base = y + 4 + shift
            box = (left, base - 12, left + width, base + 3)
            fits = left > _LEFT and left + width < _WIDTH
            if fits and not any(_meet(box, other) for other in taken):
                taken.append(box)
                return text(left, base, words, css)
    return ""


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
