"""The timeline of a rehearsal as an SVG picture: containers, training, checkpoints, commits, loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tminus.rehearse import Attempt, FaultKind, History, Rehearsal, Status
from tminus.report.paths import shown

_WIDTH = 960
_LEFT, _RIGHT = 130, 30
_TOP = 92
_ROW = 34
_LOSS_HEIGHT = 130
_GAP = 26

_HAPPENED = {
    FaultKind.PREEMPT: "preempted",
    FaultKind.KILL: "machine lost",
    FaultKind.KILL_RANK: "a rank killed",
    FaultKind.OOM: "out of memory",
    FaultKind.TIMEOUT: "timed out",
    FaultKind.DISK_FULL: "disk full",
}

# One accent a meaning, light and dark by the reader's own setting. Without CSS variables: not every viewer of
# SVG knows them.
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24; }
.paper { fill: #ffffff; }
.title { font-size: 17px; font-weight: 600; }
.quiet { fill: #5b6573; font-size: 12px; }
.axis { stroke: #d5dae1; stroke-width: 1; }
.container { fill: #dbe7fb; stroke: #3b6fd4; }
.training { fill: #3b6fd4; fill-opacity: 0.55; }
.save { fill: #1a7f4b; }
.commit { stroke: #1a7f4b; stroke-width: 1.5; }
.stop { stroke: #c62f2f; stroke-width: 2; }
.stop-text { fill: #c62f2f; font-size: 12px; font-weight: 600; }
.loss { fill: none; stroke: #3b6fd4; stroke-width: 2; stroke-linejoin: round; }
.dot { fill: #3b6fd4; }
@media (prefers-color-scheme: dark) {
  text { fill: #e8ebf0; } .paper { fill: #14181e; } .quiet { fill: #98a2b3; } .axis { stroke: #39414d; }
  .container { fill: #22324f; stroke: #7ea6f4; } .training { fill: #7ea6f4; } .save { fill: #4fc98a; }
  .commit { stroke: #4fc98a; } .stop { stroke: #ff7a70; } .stop-text { fill: #ff7a70; }
  .loss { stroke: #7ea6f4; } .dot { fill: #7ea6f4; }
}
""".strip()


@dataclass(frozen=True, slots=True)
class _Scale:
    """Seconds since the epoch to pixels."""

    started_s: float
    seconds: float

    def x(self, time_s: float) -> float:
        share = min(max((time_s - self.started_s) / self.seconds, 0.0), 1.0)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def timeline_svg(rehearsal: Rehearsal) -> str:
    """The picture, self-contained, with a title and a description for those who cannot see it."""
    history = rehearsal.history
    scale = _Scale(history.started_s, max(history.ended_s - history.started_s, 1e-3))
    rows = len(history.containers)
    lanes_end = _TOP + rows * _ROW + _GAP
    height = lanes_end + 30 + (_LOSS_HEIGHT + _GAP if _losses(history) else 0) + 30
    body = [
        *_header(rehearsal),
        *_axis(scale, lanes_end),
        *_containers(history, scale),
        *_commits(history, scale, lanes_end - _GAP + 8),
        *_interruptions(history, scale, lanes_end),
        *_loss_chart(history, scale, lanes_end + 44),
        *_legend(height - 14),
    ]
    description = escape(_description(rehearsal))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
        f'height="{height}" role="img" aria-labelledby="title description">\n'
        f'<title id="title">Timeline of the rehearsal of {escape(shown(rehearsal.script))}</title>\n'
        f'<desc id="description">{description}</desc>\n<style>{_STYLE}</style>\n'
        f'<rect class="paper" width="100%" height="100%"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _description(rehearsal: Rehearsal) -> str:
    history = rehearsal.history
    parts = [f"{len(history.containers)} containers", f"{len(history.attempts)} attempts at the training"]
    parts += [
        f"after step {one.step} resumed from {one.resumed_from}"
        for one in rehearsal.verdict.resumes
        if one.resumed_from is not None
    ]
    return ", ".join(parts)


def _text(x: float, y: float, text: str, css: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{css}" text-anchor="{anchor}">{escape(text)}</text>'


def _bar(css: str, start: float, end: float, y: float, height: float) -> str:
    width = max(end - start, 1)
    return f'<rect class="{css}" x="{start}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3"/>'


def _header(rehearsal: Rehearsal) -> Iterator[str]:
    words = {
        Status.PASSED: "passed",
        Status.FAILED: "failed",
        Status.REFUSED: "refused by the platform",
        Status.INCONCLUSIVE: "inconclusive",
    }
    yield _text(20, 30, f"{shown(rehearsal.script)}: {words[rehearsal.verdict.status]}", "title")
    yield _text(20, 52, _description(rehearsal), "quiet")


def _axis(scale: _Scale, y: float) -> Iterator[str]:
    step = next(
        (size for size in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if scale.seconds / size <= 10), 1800
    )
    for second in range(0, int(scale.seconds) + 1, step):
        x = scale.x(scale.started_s + second)
        yield f'<line class="axis" x1="{x}" y1="{_TOP - 8}" x2="{x}" y2="{y:g}"/>'
        yield _text(x, y + 16, f"{second} s", "quiet", "middle")


def _containers(history: History, scale: _Scale) -> Iterator[str]:
    for row, one in enumerate(history.containers):
        y = _TOP + row * _ROW
        start, end = scale.x(one.started_s), scale.x(one.ended_s or history.ended_s)
        label = f"container {row + 1}" + (f", rank {one.rank}" if one.rank else "")
        yield _text(20, y + 17, label)
        yield _bar("container", start, end, y, 24)
        for attempt in history.attempts:
            if attempt.task_id == one.task_id:
                yield from _attempt(attempt, one.ended_s or history.ended_s, scale, y)


def _attempt(attempt: Attempt, container_ended_s: float, scale: _Scale, y: float) -> Iterator[str]:
    end_s = attempt.ended_s or max(attempt.steps.values(), default=container_ended_s)
    start, end = scale.x(attempt.began_s), scale.x(end_s)
    yield _bar("training", start, end, y + 4, 16)
    for save in attempt.saves:
        x = scale.x(save.time_s)
        yield (
            f'<path class="save" d="M{x} {y + 2} l5 8 l-5 8 l-5 -8 z">'
            f"<title>checkpoint of step {save.step}</title></path>"
        )


def _commits(history: History, scale: _Scale, y: float) -> Iterator[str]:
    if history.commits:
        yield _text(20, y + 6, "commits", "quiet")
    for commit in history.commits:
        x = scale.x(commit.time_s)
        yield (
            f'<line class="commit" x1="{x}" y1="{y - 4:g}" x2="{x}" y2="{y + 6:g}">'
            f"<title>{escape(commit.occasion)} commit of volume {escape(commit.volume)}</title></line>"
        )


def _interruptions(history: History, scale: _Scale, y: float) -> Iterator[str]:
    for one in history.interruptions:
        x = scale.x(one.time_s)
        yield f'<line class="stop" x1="{x}" y1="{_TOP - 12}" x2="{x}" y2="{y:g}"/>'
        yield _text(
            x, _TOP - 17, f"{_HAPPENED[FaultKind(one.kind)]} after step {one.step}", "stop-text", "middle"
        )


def _losses(history: History) -> list[float]:
    return [loss for attempt in history.attempts for loss in attempt.losses.values()]


def _loss_chart(history: History, scale: _Scale, top: float) -> Iterator[str]:
    losses = _losses(history)
    if not losses:
        return
    low, high = min(losses), max(losses)
    span = (high - low) or 1.0

    def y(loss: float) -> float:
        return round(top + (high - loss) / span * _LOSS_HEIGHT, 1)

    for value in (high, low):
        yield f'<line class="axis" x1="{_LEFT}" y1="{y(value)}" x2="{_WIDTH - _RIGHT}" y2="{y(value)}"/>'
        yield _text(_LEFT - 8, y(value) + 4, f"{value:.2f}", "quiet", "end")
    yield _text(20, top + _LOSS_HEIGHT / 2, "loss")
    for attempt in history.attempts:
        yield from _loss_line(attempt, scale, y)


def _loss_line(attempt: Attempt, scale: _Scale, y: Callable[[float], float]) -> Iterator[str]:
    points = [
        (scale.x(attempt.steps[step]), y(loss))
        for step, loss in sorted(attempt.losses.items())
        if step in attempt.steps
    ]
    if len(points) > 1:
        yield f'<polyline class="loss" points="{" ".join(f"{x},{height}" for x, height in points)}"/>'
    for x, height in points[:1] + points[-1:]:
        yield f'<circle class="dot" cx="{x}" cy="{height}" r="3"/>'


def _legend(y: float) -> Iterator[str]:
    entries = (
        ('<rect class="container" x="{x}" y="{y}" width="14" height="10" rx="2"/>', "container"),
        ('<rect class="training" x="{x}" y="{y}" width="14" height="10" rx="2"/>', "training"),
        ('<path class="save" d="M{c} {y} l5 6 l-5 6 l-5 -6 z"/>', "checkpoint"),
        ('<line class="commit" x1="{c}" y1="{y}" x2="{c}" y2="{bottom}"/>', "volume commit"),
        ('<line class="stop" x1="{c}" y1="{y}" x2="{c}" y2="{bottom}"/>', "interruption"),
    )
    x = _LEFT
    for shape, label in entries:
        yield shape.format(x=x, c=x + 7, y=y - 10, bottom=y + 1)
        yield _text(x + 20, y, label, "quiet")
        x += 46 + 7 * len(label)
