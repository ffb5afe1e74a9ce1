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

    def y(self, usd: float) -> float:
        low, high = self.usd
        return _HEIGHT - _BOTTOM - (usd - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def pareto(options: Sequence[Option]) -> list[Option]:
    """The options that none other is both faster and cheaper than, the fastest first."""
    found: list[Option] = []
    for one in sorted(options, key=lambda each: (each.estimate.run.total_s, each.estimate.usd)):
        if not found or one.estimate.usd < found[-1].estimate.usd:
            found.append(one)
    return found


def options_chart(plan: Plan, words: Words) -> Figure | None:
    """Time and price of every option that runs; None where there are fewer than two to compare."""
    running = [one for one in plan.options if one.runs]
    if len(running) < 2:
        return None
    front = pareto(running)
    hours = [one.estimate.run.hours for one in running]
    high = max(_usd_high(one) for one in running)
    scales = _Scales((min(hours) * 0.8, max(hours) * 1.6), (0.0, high * 1.05))
    caption = words("Time and price of the options")
    description = words(
        "{count} options run. None other is both faster and cheaper than {front}.",
        count=words.number(len(running)),
        front=", ".join(
            f"{one.name} ({words.hours(one.estimate.run.total_s)}, {words.usd(one.estimate.usd)})"
            for one in front
        ),
    )
    body = [
        *_axes(scales, words),
        *_front(front, scales),
        *(_interval(one, scales) for one in running),
        *_points(plan, running, front, scales),
    ]
    return Figure(picture("chart-options", caption, description, _WIDTH, _HEIGHT, body), caption, description)


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


def _points(plan: Plan, running: Sequence[Option], front: Sequence[Option], scales: _Scales) -> Iterator[str]:
    chosen = [one.option for one in (plan.now, plan.fastest) if one is not None]
    taken: list[tuple[float, float, float, float]] = []
    places = {one.name: (scales.x(one.estimate.run.hours), scales.y(one.estimate.usd)) for one in running}
    for x, y in places.values():
        taken.append((x - 6, y - 6, x + 6, y + 6))
    for one in sorted(running, key=lambda each: each not in chosen):
        x, y = places[one.name]
        css = "point chosen" if one in chosen else "point best" if one in front else "point"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6 if one in chosen else 5}" class="{css}"/>'
        yield _label(one.name, x, y, taken, "strong" if one in chosen else "")


def _label(words: str, x: float, y: float, taken: list[tuple[float, float, float, float]], css: str) -> str:
    """A point's name at the first of several places beside it where nothing else stands."""
    width = width_of(words)
    spots = [
        (x + 10 + side * (width + 20), y + 4 + shift) for shift in (0, -14, 16, -30, 34) for side in (0, -1)
    ]
    inside = [spot for spot in spots if spot[0] > _LEFT and spot[0] + width < _WIDTH]
    for left, base in inside:
        box = (left, base - 12, left + width, base + 3)
        if not any(_meet(box, other) for other in taken):
            break
    else:
        left, base = inside[0]
        box = (left, base - 12, left + width, base + 3)
    taken.append(box)
    return text(left, base, words, css)


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
