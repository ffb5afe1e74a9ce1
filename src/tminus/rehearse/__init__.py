"""Running an unmodified script on the local control plane, and judging what came back."""

from tminus.rehearse.advice import Advice
from tminus.rehearse.campaign import CampaignRun, campaign
from tminus.rehearse.evidence import Evidence
from tminus.rehearse.faults import Fault, FaultKind, Faults, preemptions, random_faults
from tminus.rehearse.history import Attempt, Commit, ContainerLife, History, Interruption, Save
from tminus.rehearse.judge import Claim, Outcome, Resume, Status, Verdict, judge
from tminus.rehearse.rehearsal import Rehearsal, RehearsalOptions, rehearse
from tminus.rehearse.standin_source import StandInOptions
from tminus.rehearse.workload import Shrink, Workload, workload_of

__all__ = [
    "Advice",
    "Attempt",
    "CampaignRun",
    "Claim",
    "Commit",
    "ContainerLife",
    "Evidence",
    "Fault",
    "FaultKind",
    "Faults",
    "History",
    "Interruption",
    "Outcome",
    "Rehearsal",
    "RehearsalOptions",
    "Resume",
    "Save",
    "Shrink",
    "StandInOptions",
    "Status",
    "Verdict",
    "Workload",
    "campaign",
    "judge",
    "preemptions",
    "random_faults",
    "rehearse",
    "workload_of",
]
