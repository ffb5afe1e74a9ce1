"""A model by its hub name, or by a ``config.json`` on disk."""

from __future__ import annotations

from pathlib import Path

from tminus.facts import Facts, ModelShape
from tminus.facts.configs import ConfigError, shape_of_file
from tminus.plan.asked import PlanError


def model_named(name: str, facts: Facts) -> ModelShape:
    """A model by its hub name, or by a folder or file with its ``config.json``.

    Raises:
        PlanError: It is neither, or its layers are not among those that are estimated; near names are named.
    """
    model = facts.model(name)
    path = Path(name)
    if model is None and path.exists():
        try:
            return shape_of_file(path)
        except (ConfigError, OSError) as error:
            raise PlanError(str(error)) from error
    if model is None:
        near = " or ".join(facts.nearest_models(name))
        raise PlanError(
            f"the shape of {name} is not known{f' (near: {near})' if near else ''}; give the path of its "
            "config.json, or a model of the same shape, with --model"
        )
    if model.counted is not None:
        raise PlanError(
            f"the layers of {name} ({model.architecture}) are not among those that are estimated; give a "
            "model of about the same size and shape with --model"
        )
    return model
