"""A rehearsal as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tminus.rehearse import Attempt, Rehearsal
from tminus.report.paths import shown


def rehearsal_json(rehearsal: Rehearsal) -> dict[str, Any]:
    """The document that a rehearsal leaves beside its timeline. Times are seconds since its start."""
    history, verdict = rehearsal.history, rehearsal.verdict

    def since(time_s: float | None) -> float | None:
        return None if time_s is None else round(time_s - history.started_s, 3)

    def attempt(one: Attempt) -> dict[str, Any]:
        return {
            "task_id": one.task_id,
            "began_s": since(one.began_s),
            "ended_s": since(one.ended_s),
            "resumed_from": one.resumed_from,
            "last_step": one.last_step,
            "max_steps": one.max_steps,
            "world_size": one.world_size,
            "steps": {str(step): since(time_s) for step, time_s in one.steps.items()},
            "losses": {str(step): loss for step, loss in one.losses.items()},
            "saves": [{"step": save.step, "time_s": since(save.time_s)} for save in one.saves],
        }

    return {
        "script": shown(rehearsal.script),
        "status": verdict.status.value,
        "claims": [
            {
                "claim": claim.text,
                "outcome": claim.outcome.value,
                "seen": claim.seen,
                "advice": claim.advice.words if claim.advice else None,
                "rule": (claim.advice.rule or None) if claim.advice else None,
            }
            for claim in verdict.claims
        ],
        "interruptions": [
            {
                **asdict(resume),
                "kind": one.kind,
                "fault": one.fault,
                "task_id": one.task_id,
                "time_s": since(one.time_s),
            }
            for one, resume in zip(history.interruptions, verdict.resumes, strict=True)
        ],
        "attempts": [attempt(one) for one in history.attempts],
        "containers": [
            {**asdict(one), "started_s": since(one.started_s), "ended_s": since(one.ended_s)}
            for one in history.containers
        ],
        "commits": [
            {
                "time_s": since(one.time_s),
                "task_id": one.task_id,
                "volume": one.volume,
                "occasion": one.occasion,
                "checkpoints": sorted(one.checkpoints),
            }
            for one in history.commits
        ],
        "workload": asdict(rehearsal.workload),
        "ranks_asked": history.ranks_asked,
        "stood_in": list(history.stood_in),
        "changes": list(history.changes),
        "isolation": rehearsal.isolation,
        "client": rehearsal.client,
        **asdict(rehearsal.evidence),
        "client_exit": history.client_exit,
        "refusal": history.refusal or None,
        "seconds": since(history.ended_s),
    }
