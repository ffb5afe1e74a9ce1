"""A rehearsal for a terminal: what was seen, what it proves, and what it cannot show."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from tminus.rehearse import Claim, History, Interruption, Outcome, Rehearsal, Resume, Status
from tminus.report.bullets import bullets
from tminus.report.paths import shown
from tminus.report.style import Style

_WIDTH = 100


def rehearsal_text(rehearsal: Rehearsal, style: Style) -> str:
    """The whole result of a rehearsal."""
    return "\n".join(_lines(rehearsal, style))


def _lines(rehearsal: Rehearsal, style: Style) -> Iterator[str]:
    history, verdict = rehearsal.history, rehearsal.verdict
    yield ""
    yield style.bold(f"Rehearsal of {shown(rehearsal.script)}")
    yield from _seen(rehearsal, style)
    for interruption, resume in zip(history.interruptions, verdict.resumes, strict=True):
        yield from _resume(interruption, resume, style)
    open_claims = [claim for claim in verdict.claims if claim.outcome is not Outcome.PROVEN]
    if open_claims:
        yield ""
    for claim in open_claims:
        yield from _claim(claim, style)
    if verdict.status in (Status.FAILED, Status.INCONCLUSIVE) and history.client_exit != 0:
        yield from _block("last lines of the client", history.client_tail[-15:], style)
    yield from _block("stand-ins", history.stood_in, style)
    yield from _block("changed to fit this machine", (*history.changes, *rehearsal.workload.assumed), style)
    evidence = rehearsal.evidence
    for title, items in (
        ("proven", evidence.proven),
        ("not proven here", evidence.not_proven),
        ("unknown", evidence.unknown),
    ):
        yield from _block(title, items or ("nothing",), style)
    yield ""
    yield _verdict(rehearsal, style)


def _seen(rehearsal: Rehearsal, style: Style) -> Iterator[str]:
    history = rehearsal.history
    if history.refusal:
        return
    exits = ", ".join(_ended(one.interrupted, one.exit_code) for one in history.containers)
    yield _row("containers", f"{len(history.containers)} ({exits})" if history.containers else "none", style)
    if history.attempts:
        last = history.attempts[-1]
        all_asked = history.ranks_asked * rehearsal.workload.nodes
        asked = f", {all_asked} asked for" if all_asked > last.world_size else ""
        yield _row("attempts", f"{len(history.attempts)}, on {last.world_size} ranks each{asked}", style)
        steps = sum(len(one.steps) for one in history.attempts)
        twice = sum(resume.steps_twice for resume in rehearsal.verdict.resumes)
        wanted = last.max_steps or last.last_step
        yield _row("steps", f"{steps} run for {wanted}; {twice} run twice", style)
        saves = list(dict.fromkeys(str(save.step) for one in history.attempts for save in one.saves))
        yield _row("checkpoints", f"{len(saves)}, at steps {', '.join(saves)}" if saves else "none", style)
        losses = {step: loss for one in history.attempts for step, loss in one.losses.items()}
        if losses:
            first, final = losses[min(losses)], losses[max(losses)]
            yield _row("loss", f"{first:.4f} at step {min(losses)}, {final:.4f} at step {max(losses)}", style)
    yield _row("commits", _commits(history), style)


def _commits(history: History) -> str:
    occasions: dict[str, int] = {}
    for commit in history.commits:
        occasions[commit.occasion] = occasions.get(commit.occasion, 0) + 1
    parts = ", ".join(f"{count} {occasion}" for occasion, count in occasions.items())
    return f"{len(history.commits)} ({parts})" if parts else "none"


def _ended(interrupted: str, exit_code: int | None) -> str:
    if interrupted == "app stopped":
        return "ended with the app"
    if interrupted:
        return interrupted
    return "finished" if exit_code == 0 else f"exit code {exit_code}"


def _resume(interruption: Interruption, resume: Resume, style: Style) -> Iterator[str]:
    label = interruption.kind
    if resume.resumed_from is None:
        yield _row(label, f"after step {resume.step}; no further attempt trained", style)
        return
    seconds = f", {resume.seconds:.1f} s to the next step" if resume.seconds is not None else ""
    went_on = f", went on to {resume.last_step}" if resume.last_step > resume.step else ""
    yield _row(
        label,
        f"after step {resume.step}{went_on}; resumed from {resume.resumed_from}{seconds}",
        style,
    )
    if resume.loss_before is not None and resume.loss_after is not None:
        wasted = f"; {resume.wasted_s:.1f} s lost in all" if resume.wasted_s is not None else ""
        losses = f"loss {resume.loss_before:.4f} before, {resume.loss_after:.4f} after"
        yield _row("", f"{losses}{wasted}", style)


def _row(label: str, text: str, style: Style) -> str:
    return f"  {style.dim(f'{label:<13}')} {text}"


def _claim(claim: Claim, style: Style) -> Iterator[str]:
    mark = {
        Outcome.VIOLATED: style.red("violated "),
        Outcome.NOT_SHOWN: style.yellow("not shown"),
        Outcome.NOTED: style.dim("noted    "),
    }[claim.outcome]
    yield f"  {mark}  {claim.text}"
    for line in textwrap.wrap(claim.seen, _WIDTH - 13):
        yield f"             {style.dim(line)}"
    if claim.advice is not None:
        explained = f" (tminus explain {claim.advice.rule})" if claim.advice.rule else ""
        for number, line in enumerate(textwrap.wrap(claim.advice.words + explained, _WIDTH - 20)):
            yield f"             {'→ ' if number == 0 else '  '}{line}"


def _block(title: str, items: Iterable[str], style: Style) -> Iterator[str]:
    return bullets(style.bold(f"{title.capitalize()}:"), items, _WIDTH)


def _verdict(rehearsal: Rehearsal, style: Style) -> str:
    seconds = rehearsal.history.ended_s - rehearsal.history.started_s
    match rehearsal.verdict.status:
        case Status.PASSED:
            words = style.green("PASSED: it resumes and loses nothing that was committed")
            if not rehearsal.history.interruptions:
                words = style.green("PASSED: it runs to its end; no interruption was asked for (--preempt N)")
        case Status.REFUSED:
            words = style.red("REFUSED: the platform does not accept this app")
        case Status.FAILED:
            words = style.red("FAILED")
        case _:
            words = style.yellow("INCONCLUSIVE: not everything could be shown")
    return f"{words} ({seconds:.0f} s)"
