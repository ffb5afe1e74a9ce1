"""The shape and tokenizer of a model as the hub publishes them: for models that are not bundled."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from tminus.facts import ModelShape
from tminus.facts.configs import ConfigError, shape_of_config
from tminus.rehearse.standins.errors import NoStandInError
from tminus.rehearse.standins.families import TokenizerFamily
from tminus.rehearse.standins.images import WITH_IMAGES, text_class_of
from tminus.rehearse.standins.settings import config_settings

_ANSWER_S = 10.0

# Settings that a stand-in does not take over: sizes that go by layer or by the real width, and what is not of
# the architecture. Whatever else is a number, a text or a truth value is taken as it is.
_NOT_TAKEN = frozenset(
    {
        "architectures", "dtype", "torch_dtype", "transformers_version", "model_type", "use_cache",
        "bos_token_id", "eos_token_id", "pad_token_id", "initializer_range", "pretraining_tp",
        "max_window_layers", "decoder_sparse_step", "sliding_window", "sliding_window_pattern",
        "no_rope_layer_interval", "original_max_position_embeddings", "num_nextn_predict_layers",
    }
)  # fmt: skip
# Tokenizers that put the first token before every text unless their configuration says otherwise.
_ADDS_FIRST = re.compile(r"(Code)?(Llama|Gemma|Cohere)Tokenizer(Fast)?")


def published_model(
    model_id: str, endpoint: str | None = None, cache: Path | None = None
) -> tuple[ModelShape, TokenizerFamily]:
    """Read a model's ``config.json`` and ``tokenizer_config.json`` from the hub; no weights.

    Args:
        model_id: Name on the hub.
        endpoint: Address of the hub; ``HF_ENDPOINT`` or the public one by default.
        cache: Where files are kept; the hub client's own place by default.

    Raises:
        NoStandInError: The hub does not answer, has no such model, does not give it to this user, or it is of
            an architecture that transformers does not know; the message says which.
    """
    hub = _Hub(model_id, endpoint or os.environ.get("HF_ENDPOINT") or "https://huggingface.co", cache)
    config = hub.json("config.json")
    if config is None:
        raise NoStandInError(
            f"no stand-in for the model {model_id!r}: it has no config.json at {hub.endpoint}"
        )
    tokenizer = hub.json("tokenizer_config.json") or {}
    template = hub.file("chat_template.jinja")
    if template is not None:
        tokenizer = {**tokenizer, "chat_template": template.read_text("utf-8")}
    return _shape(model_id, config), _family(model_id, tokenizer)


class _Hub:
    """One model on the hub, or in the cache of the hub's client where the hub does not answer."""

    def __init__(self, model_id: str, endpoint: str, cache: Path | None) -> None:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError

        self.endpoint = endpoint
        self._model_id = model_id
        self._cache = cache
        self._answers = True
        try:
            HfApi(endpoint=endpoint).model_info(model_id, timeout=_ANSWER_S)
        except HfHubHTTPError as error:
            why = str(error).splitlines()[0]
            raise NoStandInError(f"no stand-in for the model {model_id!r}: {endpoint} says: {why}") from error
        except OSError:
            self._answers = False
        except Exception as error:  # the client's HTTP library has its own errors of connections
            if not type(error).__module__.startswith(("httpx", "httpcore", "requests")):
                raise
            self._answers = False

    def file(self, name: str) -> Path | None:
        """A file of the model; None if it has none of that name."""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, LocalEntryNotFoundError

        try:
            path = hf_hub_download(
                self._model_id,
                name,
                endpoint=self.endpoint,
                cache_dir=self._cache,
                local_files_only=not self._answers,
            )
        except LocalEntryNotFoundError as error:
            if name != "config.json":
                return None
            raise NoStandInError(
                f"no stand-in for the model {self._model_id!r}: {self.endpoint} does not answer, and {name} "
                "is not in the cache"
            ) from error
        except EntryNotFoundError:
            return None
        except HfHubHTTPError as error:  # a gated model's files, unlike its description
            why = str(error).splitlines()[0]
            raise NoStandInError(
                f"no stand-in for the model {self._model_id!r}: {self.endpoint} says: {why}"
            ) from error
        return Path(path)

    def json(self, name: str) -> dict[str, Any] | None:
        """A JSON file of the model; None if it has none of that name."""
        path = self.file(name)
        if path is None:
            return None
        try:
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise NoStandInError(
                f"no stand-in for the model {self._model_id!r}: its {name} is not JSON"
            ) from error
        return found


def _shape(model_id: str, config: Mapping[str, Any]) -> ModelShape:
    from transformers import CONFIG_MAPPING

    model_type = str(config.get("model_type"))
    if model_type not in CONFIG_MAPPING:
        raise NoStandInError(
            f"no stand-in for the model {model_id!r}: its code is its own, transformers has no model_type "
            f"{model_type!r}. Name a model of an architecture that transformers has for the rehearsal."
        )
    if "text_config" in config and model_type not in WITH_IMAGES:
        raise NoStandInError(
            f"no stand-in for the model {model_id!r}: it is one of text and images, of which only "
            f"{', '.join(WITH_IMAGES)} is stood in for. Name a model of text for the rehearsal."
        )
    try:
        # The text model's figures are those that count; its tower for images is small anyhow.
        shape = replace(shape_of_config(config, model_id), model_type=model_type)
    except ConfigError:
        shape = _by_its_class(model_id, config, CONFIG_MAPPING[model_type])
    architecture = (config.get("architectures") or [shape.architecture])[0]
    text_class = text_class_of(CONFIG_MAPPING[model_type])
    known = {field.name for field in fields(text_class)}
    sized = config_settings(shape, known, text_class.attribute_map)
    kept = {
        name: value
        for name, value in config.get("text_config", config).items()
        if name in known and isinstance(value, str | int | float) and name not in (*_NOT_TAKEN, *sized)
    }
    return replace(shape, architecture=architecture, settings=kept)


def _by_its_class(model_id: str, config: Mapping[str, Any], config_class: Any) -> ModelShape:
    """The figures as transformers' own class reads them: of an architecture without experts."""
    read = config_class.from_dict(dict(config)).get_text_config()
    try:
        hidden, heads, layers = read.hidden_size, read.num_attention_heads, read.num_hidden_layers
        vocabulary, context = read.vocab_size, read.max_position_embeddings
    except AttributeError as error:
        raise NoStandInError(
            f"no stand-in for the model {model_id!r}: {config_class.__name__} is not the configuration of a "
            f"language model: {error}"
        ) from error
    return ModelShape(
        id=model_id,
        architecture="",
        model_type=str(config["model_type"]),
        hidden_size=hidden,
        layers=layers,
        heads=heads,
        kv_heads=getattr(read, "num_key_value_heads", None) or getattr(read, "num_kv_heads", None) or heads,
        head_dim=getattr(read, "head_dim", None) or hidden // heads,
        intermediate_size=getattr(read, "intermediate_size", None) or 4 * hidden,
        vocab_size=vocabulary,
        tied_embeddings=bool(read.tie_word_embeddings),
        attention_bias=bool(getattr(read, "attention_bias", False)),
        context=context,
        gated=False,
    )


def _family(model_id: str, tokenizer: Mapping[str, Any]) -> TokenizerFamily:
    named = {name: _token(tokenizer.get(f"{name}_token")) for name in ("bos", "eos", "pad", "unk")}
    eos = named["eos"] or named["bos"] or "</s>"
    template = _template(tokenizer.get("chat_template"))
    added = [
        str(entry["content"])
        for entry in tokenizer.get("added_tokens_decoder", {}).values()
        if entry.get("special", False)
    ]
    # There may be thousands that are only reserved: those count that have a name, or stand in the template.
    used = [token for token in added if token in named.values() or token in (template or "")]
    first = tokenizer.get("add_bos_token")
    if first is None:
        first = _ADDS_FIRST.fullmatch(str(tokenizer.get("tokenizer_class"))) is not None
    bos = named["bos"]
    return TokenizerFamily(
        name=model_id,
        specials=tuple(dict.fromkeys([*used, *(token for token in named.values() if token), eos])),
        eos=eos,
        bos=bos,
        pad=named["pad"],
        unk=named["unk"],
        prefix=(bos,) if first and bos else (),
        chat_template=template,
        template_always=True,
    )


def _token(value: object) -> str | None:
    if isinstance(value, Mapping):
        value = value.get("content")
    return str(value) if value else None


def _template(value: object) -> str | None:
    """One template; of several, as some models have them, the one that is used by default."""
    if isinstance(value, list):
        by_name = {one["name"]: str(one["template"]) for one in value}
        return by_name.get("default")
    return str(value) if value else None
