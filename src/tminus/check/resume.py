"""Whether a training goes on from a checkpoint: what several rules ask."""

from __future__ import annotations

from tminus.check.runs import Run
from tminus.lazy import pattern

_RESUMES = pattern(
    r"(?i)resum|last_ckpt|last_checkpoint|latest|newest|load_state|load_checkpoint|from_checkpoint|ckpt_path"
    r"|restore|load_from|checkpoint-|continue_from|start_(step|epoch|iter)|torch\.load|already|global_step"
    r"|init_from|warm_start|load_model|glob\b|listdir|iterdir|is_complete|skip"
)


def resumes(run: Run) -> bool:
    """Whether anything that a run does could be looking for a checkpoint."""
    return run.says(_RESUMES)
