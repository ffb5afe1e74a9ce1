"""Whether a training goes on from a checkpoint: what several rules ask."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath

from tminus.check.runs import Run
from tminus.lazy import pattern
from tminus.script import Known

_RESUMES = pattern(
    r"(?i)resum|last_ckpt|last_checkpoint|latest|newest|load_state(?!_dict)|load_file|load_checkpoint|load_ckpt"
    r"|from_ckpt|from_checkpoint|ckpt_path|restore|load_from|checkpoint-|continue_from|start_(step|epoch|iter)"
    r"|torch\.load|already|init_from|warm_start|load_model|is_complete"
    r"|skip(?!_prepare_dataset|_special_tokens|_memory|_eval)"
)

# Looks into a folder; in one that is not mounted there is no checkpoint of before.
_LOOKS = pattern(r"(?i)\bglob\b|listdir|iterdir")

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
    return run.says(_RESUMES) or (run.says(_LOOKS) and not _looks_elsewhere(run))


def _looks_elsewhere(run: Run) -> bool:
    """Whether every folder that it looks into is a place of this container alone."""
    found = False
    for one in run.reach.placed:
        match one.node:
            case ast.Call(func=ast.Attribute(attr=name) as callee) if _LOOKS.search(name):
                whole = run.script.evaluator.dotted_name(callee) in ("os.listdir", "glob.glob", "glob.iglob")
                folder = one.node.args[0] if whole and one.node.args else callee.value
                value = run.script.evaluate(folder, one.scope)
                if not isinstance(value, Known) or value.assumed is not None:
                    return False
                path = PurePosixPath(str(value.value))
                if not path.is_absolute() or run.mounts.holding(path) or not run.mounts.complete:
                    return False
                found = True
    return found
