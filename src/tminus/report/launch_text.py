"""A launch for a terminal: what it rests on before it starts, and how it goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from tminus.check import Severity
from tminus.launch.gate import Gate
from tminus.launch.history import Observed
from tminus.launch.record import Planned, RunRecord, RunStatus
from tminus.launch.watch import Snapshot
from tminus.report.style import Style
from tminus.train.durations import format_duration


def gate_text(gate: Gate, style: Style, *, budget_usd: float | None, deadline_s: float | None) -> str:
    """What the checks and the plan say, in a few lines; refusals come last."""
    lines = [f"{style.bold('checks')}     {_counted(gate)}"]
    planned = gate.planned
    if planned is not None:
        lines.append(
            f"{style.bold('plan')}       {planned.machines}: {planned.steps:,} steps in "
            f"{format_duration(planned.seconds)} ({format_duration(planned.seconds_low)} to "
            f"{format_duration(planned.seconds_high)}), "
            f"${planned.usd:.2f} (${planned.usd_low:.2f} to ${planned.usd_high:.2f}), prices as of "
            f"{planned.prices_as_of}"
        )
    elif gate.unplanned is not None:
        lines.append(f"{style.bold('plan')}       {style.yellow('none')}: {gate.unplanned}")
    if gate.seen is not None:
        lines.append(f"{style.bold('earlier')}    {seen_text(gate.seen)}")
    if gate.rate is not None:
        lines.append(f"{style.bold('price')}      ${gate.rate.usd_per_hour:.2f} an hour while it runs")
    if gate.resume_usd is not None:
        lines.append(f"{style.bold('rehearsed')}  a resume would cost ${gate.resume_usd:.2f}")
    if budget_usd is not None:
        lines.append(f"{style.bold('budget')}     ${budget_usd:.2f}: stopped, saved, before it is spent")
    if deadline_s is not None:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(deadline_s))
        lines.append(f"{style.bold('deadline')}   {when}: stopped, saved, before it")
    lines += [f"{style.red('refused')}    {one}" for one in gate.refusals]
    return "\n".join(lines)


def plan_of_this_user(planned: Planned, seen: Observed) -> str:
    """A plan's figures with what earlier runs say of them."""
    return (
        f"{seen_text(seen).capitalize()}. With them {planned.machines} would take "
        f"{format_duration(planned.seconds_low)} to {format_duration(planned.seconds_high)} and cost "
        f"${planned.usd_low:.2f} to ${planned.usd_high:.2f}."
    )


def seen_text(seen: Observed) -> str:
    """What this user's finished runs took against their plans, in words."""
    runs = f"{seen.runs} finished run{'s' if seen.runs != 1 else ''}"
    return f"your {runs} took {seen.time_ratio:.2f} × the planned time and {seen.usd_ratio:.2f} × the price"


def _counted(gate: Gate) -> str:
    found = Counter(one.severity for one in gate.findings)
    parts = [
        f"{found[severity]} {severity.value}{'s' if found[severity] != 1 else ''}"
        for severity in (Severity.ERROR, Severity.WARNING)
        if found[severity]
    ]
    return ", ".join(parts) or "no error, no warning"


def snapshot_line(snapshot: Snapshot) -> str:
    """The state of a run in one line."""
    progress, record = snapshot.progress, snapshot.record
    parts = [format_duration(record.seconds or 0.0)]
    if progress.step is not None:
        parts.append(f"step {progress.step:,}" + (f" of {progress.steps:,}" if progress.steps else ""))
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.4g}")
    if progress.tokens_per_s is not None:
        parts.append(f"{progress.tokens_per_s:,.0f} tokens/s")
    if snapshot.remaining_s is not None:
        parts.append(f"{format_duration(snapshot.remaining_s)} left")
    if record.usd is not None and record.usd_per_container_s:
        of = f" of ${record.planned.usd:.2f} planned" if record.planned is not None else ""
        parts.append(f"${record.usd:.2f}{of}")
    parts.append(f"{snapshot.live} container{'s' if snapshot.live != 1 else ''}")
    if record.restarts:
        parts.append(f"{record.restarts} restart{'s' if record.restarts != 1 else ''}")
    return "  ".join(parts)


def outcome_text(record: RunRecord, style: Style) -> str:
    """How a run ended, and what can be done next."""
    colour = {RunStatus.FINISHED: style.green, RunStatus.FAILED: style.red}.get(record.status, style.yellow)
    why = f": {record.reason}" if record.reason else ""
    lines = [f"{colour(record.status.value)}{why}", *_compared(record)]
    if record.status in {RunStatus.STOPPED, RunStatus.FAILED, RunStatus.ENDED}:
        lines.append(f"to go on from its newest checkpoint: tminus runs resume {record.id}")
    return "\n".join(lines)


def _compared(record: RunRecord) -> list[str]:
    lines = []
    planned, paid = record.planned, record.paid_usd
    if record.seconds is not None:
        against = f", planned {format_duration(planned.seconds)}" if planned is not None else ""
        lines.append(f"time       {format_duration(record.seconds)}{against}")
    if paid is not None and record.usd_per_container_s:
        against = f", planned ${planned.usd:.2f}" if planned is not None else ""
        how = "billed" if record.billed_usd is not None else "by the clock"
        lines.append(f"price      ${paid:.2f} {how}{against}")
    if record.last_step is not None:
        loss = f", loss {record.last_loss:.4g}" if record.last_loss is not None else ""
        lines.append(f"last step  {record.last_step:,}{loss}")
    if record.restarts:
        lines.append(f"restarts   {record.restarts}")
    return lines


def runs_table(records: Sequence[RunRecord], style: Style) -> str:
    """Runs, one a line, the newest first."""
    if not records:
        return "No run was launched yet: tminus launch SCRIPT"
    head = ("run", "status", "launched", "time", "price", "planned", "step", "script")
    rows = [head, *(_row(one) for one in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([style.bold(lines[0]), *lines[1:]])


def _row(record: RunRecord) -> tuple[str, ...]:
    paid = record.paid_usd
    return (
        record.id,
        record.status.value,
        time.strftime("%Y-%m-%d %H:%M", time.localtime(record.created_s)),
        "" if record.seconds is None else format_duration(record.seconds),
        "" if paid is None or not record.usd_per_container_s else f"${paid:.2f}",
        "" if record.planned is None else f"${record.planned.usd:.2f}",
        "" if record.last_step is None else f"{record.last_step:,}",
        record.target.rpartition("/")[2],
    )


def run_text(record: RunRecord, style: Style) -> str:
    """Everything about one run."""
    launched = time.strftime("%Y-%m-%d %H:%M", time.localtime(record.created_s))
    lines = [
        f"{style.bold(record.id)}  {record.target}{''.join(f' {one}' for one in record.arguments)}",
        f"launched   {launched}, as {record.app_id or 'no app'}, on {record.service}",
    ]
    if record.resumes is not None:
        lines.append(f"goes on    from {record.resumes}")
    if record.planned is not None:
        lines.append(f"machines   {record.planned.machines}")
    if record.budget_usd is not None:
        lines.append(f"budget     ${record.budget_usd:.2f}")
    if record.deadline_s is not None:
        lines.append(f"deadline   {time.strftime('%Y-%m-%d %H:%M', time.localtime(record.deadline_s))}")
    lines.append(f"checked    {record.script_sha256[:12]}, by facts up to {record.facts_date}")
    return "\n".join([*lines, "", outcome_text(record, style)])
