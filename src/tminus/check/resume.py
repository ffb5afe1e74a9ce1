"""Whether a training goes on from a checkpoint: what several rules ask."""

from __future__ import annotations

import ast

from tminus.check.runs import Run
from tminus.lazy import pattern

_RESUMES = pattern(
    r"(?i)resum|last_ckpt|last_checkpoint|latest|newest|load_state(?!_dict)|load_file|load_checkpoint|load_ckpt"
    r"|from_ckpt|from_checkpoint|ckpt_path|restore|load_from|checkpoint-|continue_from|start_(step|epoch|iter)"
    r"|torch\.load|already|init_from|warm_start|load_model|glob\b|listdir|iterdir|is_complete"
    r"|skip(?!_prepare_dataset|_special_tokens|_memory|_eval)"
)


# What a call that keeps the state of a training is named; pictures and tables are none.
_SAVES = pattern(r"(?i)save|checkpoint|ckpt|\bdump")
_OTHER_SAVES = pattern(r"(?i)fig|image|plot|txt|audio|video|sample|csv|json|metric|histor|log|config|grid")


def saves(run: Run) -> bool:
    """Whether anything that a run does keeps what it trained, wherever that is."""
    if run.outputs or run.unread_output:
        return True
    for one in run.reach.placed:
        match one.node:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if _SAVES.search(name):
                if not _OTHER_SAVES.search(name):
                    return True
    return False


def resumes(run: Run) -> bool:
    """Whether anything that a run does could be looking for a checkpoint."""
    return run.says(_RESUMES)
