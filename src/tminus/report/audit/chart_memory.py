"""The peak memory of a GPU by what it is taken by, option by option, beside what the card has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tminus.plan import Option, Plan
from tminus.report.audit.document import Figure
from tminus.report.audit.svg import bar, line, picture, text
from tminus.report.audit.wording import Words, later

_WIDTH = 760.0
_LEFT, _RIGHT, _TOP = 110.0, 70.0, 12.0
_ROW, _BAR = 30.0, 16.0
_LEGEND = 24.0

# Terms of the estimate by what they are for; what is in no group is an activation or a working copy.
_GROUPS = {
    "weights": ("weights", "gathered weights", "dequantised weight"),
    "trained": ("adapters", "gradients", "optimizer states", "optimizer temporaries", "DDP buckets"),
    "logits": ("logits and loss",),
}
_NAMES = {
    "weights": later("weights"),
    "trained": later("adapters, gradients, optimizer"),
    "activations": later("activations"),
    "logits": later("logits and loss"),
    "overhead": later("CUDA and allocator"),
}


def memory_chart(plan: Plan, words: Words) -> Figure | None:
    """A bar for each option that the platform runs; None where it runs none."""
    allowed = [one for one in plan.options if one.allowed]
    if not allowed:
        return None
    widest = max(max(one.hardware.gpu.usable_gib, one.estimate.memory.reserved_gib) for one in allowed)
    scale = (_WIDTH - _LEFT - _RIGHT) / widest
    height = _TOP + _ROW * len(allowed) + _LEGEND + 12
    body = [
        *(
            piece
            for number, one in enumerate(allowed)
            for piece in _row(one, _TOP + _ROW * number, scale, words)
        ),
        *_legend(height - 10, words),
    ]
    caption = words("Peak memory of one GPU")
    description = words("The outline is what the card has, the number what is needed, in GiB.")
    rows = "; ".join(
        words(
            "{option}: {used} of {whole}",
            option=one.name,
            used=words.gib(one.estimate.memory.reserved_gib),
            whole=words.gib(one.hardware.gpu.usable_gib),
        )
        for one in allowed
    )
    drawn = picture("chart-memory", caption, f"{description} {rows}.", _WIDTH, height, body)
    return Figure(drawn, caption, description)


def groups(option: Option) -> dict[str, float]:
    """GiB of one GPU by what they are for; they add up to what is reserved."""
    memory = option.estimate.memory
    found = dict.fromkeys(_NAMES, 0.0)
    for term, gib in memory.terms.items():
        group = next((name for name, terms in _GROUPS.items() if term in terms), "activations")
        found[group] += gib
    found["overhead"] = memory.context_gib + memory.slack_gib
    return found


def _row(option: Option, y: float, scale: float, words: Words) -> Iterator[str]:
    card = option.hardware.gpu.usable_gib
    yield text(_LEFT - 10, y + _BAR - 3, option.name, "", "end")
    x = _LEFT
    for name, gib in groups(option).items():
        yield bar(x, y, gib * scale, _BAR, f"part {name}", f"{words(_NAMES[name])}: {words.gib(gib)}")
        x += gib * scale
    yield bar(_LEFT, y, card * scale, _BAR, "card")
    if option.fit != "yes":
        yield line(_LEFT + card * scale, y - 3, _LEFT + card * scale, y + _BAR + 3, "limit")
    end = max(card * scale, x - _LEFT)
    yield text(_LEFT + end + 6, y + _BAR - 3, words.number(option.estimate.memory.reserved_gib, 1), "quiet")


def _legend(y: float, words: Words) -> Iterator[str]:
    for x, name in zip(_places([words(one) for one in _NAMES.values()]), _NAMES, strict=True):
        yield bar(x, y - 10, 12, 12, f"part {name}")
        yield text(x + 17, y, words(_NAMES[name]), "quiet")


def _places(labels: Sequence[str]) -> Iterator[float]:
    x = 8.0
    for label in labels:
        yield x
        x += 36 + 6.4 * len(label)
