"""Model stand-ins: the real transformers class with shrunken dimensions and random weights."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tminus.facts import Facts, ModelShape
from tminus.rehearse.standins.errors import NoStandInError
from tminus.rehearse.standins.families import TokenizerFamily, family_of
from tminus.rehearse.standins.folder import appearing_whole
from tminus.rehearse.standins.images import text_class_of, with_tower
from tminus.rehearse.standins.rows import corpus
from tminus.rehearse.standins.settings import config_settings
from tminus.rehearse.standins.shrinking import shrink

_RECORD = ".standin.json"  # a dot file, which the local hub does not serve
_VOCABULARY = 1024


@dataclass(frozen=True, slots=True)
class StandInModel:
    """A stand-in on disk.

    Attributes:
        model_id: The model that it stands in for.
        architecture: Class name in transformers, the real model's.
        family: Name of the tokenizer family.
        parameters: Parameters of the stand-in.
        vocab_size: Rows of its embedding.
        seed: Of the random weights.
    """

    model_id: str
    architecture: str
    family: str
    parameters: int
    vocab_size: int
    seed: int


def shape_of_model(model_id: str, facts: Facts | None = None) -> ModelShape:
    """The bundled shape of a model.

    Raises:
        NoStandInError: The model is not bundled; the message names the nearest and what to do.
    """
    facts = facts or Facts.bundled()
    shape = facts.model(model_id)
    if shape is not None:
        return shape
    near = ", ".join(facts.nearest_models(model_id))
    one_of_each = {shape.architecture: shape.id for shape in reversed(facts.models.values())}
    raise NoStandInError(
        f"no stand-in for the model {model_id!r}: its shape is not among the {len(facts.models)} bundled ones"
        f"{f' (near: {near})' if near else ''}. There are models like "
        f"{', '.join(sorted(one_of_each.values()))}. Name one of the same architecture for the rehearsal, "
        "let --hub read the model's own config.json, "
        "or add the figures in it to tminus/facts/data/models.toml."
    )


def make_model(
    model_id: str,
    shape: ModelShape,
    directory: Path,
    *,
    family: TokenizerFamily | None = None,
    seed: int = 0,
) -> StandInModel:
    """Write a stand-in that `from_pretrained` loads: configuration, weights, tokenizer, card.

    The architecture's class, the ratio of query to key and value heads, tied embeddings, biases, the context
    length and the dtype (bfloat16, in which these models are published) are the real model's; width, depth
    and vocabulary are not. A directory that already holds this stand-in is left as it is.

    Args:
        model_id: Name on the hub.
        shape: The real model's dimensions.
        directory: Made by this call; appears complete or not at all.
        family: Of its tokenizer; the one that is known for the shape by default.
        seed: Of the random weights.

    Raises:
        NoStandInError: No tokenizer family is known for the model, or transformers does not know its class.
        FileExistsError: The directory holds something else.
    """
    if directory.exists():
        return _existing(directory, model_id, seed)
    family = family or family_of(shape)
    if family is None:
        raise NoStandInError(
            f"no stand-in for the model {model_id!r}: no tokenizer family is known for {shape.model_type!r} "
            f"with a vocabulary of {shape.vocab_size:,}. Add it to tminus/rehearse/standins/families.py."
        )
    with appearing_whole(directory) as temporary:
        made = _write(model_id, shape, family, temporary, seed)
        (temporary / _RECORD).write_text(json.dumps(asdict(made), indent=2) + "\n")
    return made


def _write(
    model_id: str, shape: ModelShape, family: TokenizerFamily, directory: Path, seed: int
) -> StandInModel:
    import torch
    import transformers

    from tminus.rehearse.standins.tokenizer import train_tokenizer

    architecture = getattr(transformers, shape.architecture, None)
    if architecture is None:
        raise NoStandInError(
            f"no stand-in for the model {model_id!r}: transformers {transformers.__version__} "
            f"has no class {shape.architecture}."
        )
    tokenizer = train_tokenizer(family, model_id, corpus(), size=_VOCABULARY, context=shape.context)
    config = _configuration(transformers.CONFIG_MAPPING[shape.model_type], shape, tokenizer)
    # Weights drawn for the real width would make a narrow model answer the same to everything, and learn
    # nothing in a short run: the standard deviation goes with the square root of the width.
    text = config.get_text_config()
    real_range = text.initializer_range
    text.initializer_range = real_range * math.sqrt(shape.hidden_size / text.hidden_size)
    transformers.logging.disable_progress_bar()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = architecture(config).to(torch.bfloat16)
    model.config.get_text_config().initializer_range = real_range
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    (directory / "README.md").write_text(_card(model_id))
    return StandInModel(
        model_id=model_id,
        architecture=shape.architecture,
        family=family.name,
        parameters=model.num_parameters(),
        vocab_size=len(tokenizer),
        seed=seed,
    )


def _configuration(config_class: type[Any], shape: ModelShape, tokenizer: Any) -> Any:
    text_class = text_class_of(config_class)
    known = {field.name for field in fields(text_class)}
    settings = config_settings(shrink(shape, len(tokenizer)), known, text_class.attribute_map) | {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if text_class is config_class:
        return config_class(**settings)
    return with_tower(config_class, settings, tokenizer)


def _existing(directory: Path, model_id: str, seed: int) -> StandInModel:
    record = directory / _RECORD
    if record.is_file():
        made = StandInModel(**json.loads(record.read_text()))
        if made.model_id == model_id and made.seed == seed:
            return made
    raise FileExistsError(f"{directory} already exists and is not the stand-in of {model_id} (seed {seed})")


def _card(model_id: str) -> str:
    return (
        "---\nlibrary_name: transformers\npipeline_tag: text-generation\n---\n"
        f"A stand-in for {model_id} with random weights, made by tminus for a rehearsal.\n"
    )
