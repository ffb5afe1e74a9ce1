"""Running an unmodified script on the local control plane, and judging what came back."""

from tminus.rehearse.faults import Preemptions
from tminus.rehearse.history import Attempt, Commit, ContainerLife, History, Interruption, Save
from tminus.rehearse.judge import Claim, Outcome, Resume, Status, Verdict, judge
from tminus.rehearse.rehearsal import Rehearsal, RehearsalOptions, rehearse
from tminus.rehearse.workload import Shrink, Workload, workload_of

__all__ = [
    "Attempt",
    "Claim",
    "Commit",
    "ContainerLife",
    "History",
    "Interruption",
    "Outcome",
    "Preemptions",
    "Rehearsal",
    "RehearsalOptions",
    "Resume",
    "Save",
    "Shrink",
    "Status",
    "Verdict",
    "Workload",
    "judge",
    "rehearse",
    "workload_of",
]
