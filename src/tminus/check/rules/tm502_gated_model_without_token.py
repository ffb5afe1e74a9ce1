"""TM502: a gated model, and no Hugging Face token to download it with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.images import image_of
from tminus.check.rule import Report, rule
from tminus.check.secrets_given import Given, given_to
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Known, ModalFunction, Script, Span, mounts_of

_LOADS = pattern(
    r"(^|\.)(from_pretrained|snapshot_download|hf_hub_download|\w*Trainer|LLM|TrainConfig|pipeline)$"
)
_MODEL_KEYWORDS = ("pretrained_model_name_or_path", "model_name", "model", "repo_id", "model_id")
_TOKENS = frozenset({"token", "use_auth_token", "hf_token", "local_files_only"})
# Secrets whose names say that they belong to another service.
_OTHER_SERVICE = pattern(
    r"(?i)wandb|weights|openai|anthropic|aws|s3|github|slack|neptune|comet|mlflow|gcp|google"
)


@rule("TM502", "gated-model-without-token", Severity.WARNING)
def gated_model_without_token(script: Script, facts: Facts) -> Iterator[Report]:
    """Give a function that downloads a gated model the secret with `HF_TOKEN`.

    ## What it does
    Finds models that ask for an accepted licence (Llama, Gemma, …), loaded by name in a function that gets no
    Hugging Face token: not by a secret, the image, `env=`, an argument `token=`, nor `login()`.

    ## Why is this bad?
    The hub answers 401 and the run ends after the GPU was started. It is a warning: the weights may be in a
    cache on a volume already, and a repository's owner can lift the gate.

    ## Example
    ```python
    @app.function(gpu="H100")
    def train():
        AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.1-8B")
    ```

    ## Use instead
    ```python
    hub = modal.Secret.from_name("huggingface-secret", required_keys=["HF_TOKEN"])

    @app.function(gpu="H100", secrets=[hub])
    def train():
        AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.1-8B")
    ```

    ## Fix safety
    No fix: the secret has to exist in the workspace, under a name of your choice.

    ## Limit and source
    - `hub.gated_prefixes`

    Also the models of the bundled facts that are marked as gated. An error where both say so and the function
    has no secret and no volume at all: then nothing can give it the weights.
    """
    seen: set[Span] = set()
    for function in script.functions:
        models = [one for one in _models(script, function) if _gated(one[1], facts) and one[0] not in seen]
        if not models or _logs_in(script, function):
            continue
        given = given_to(script, function)
        if _gives_a_token(given, facts) or _baked(script, function):
            continue
        mounts = mounts_of(function)
        certain = not given.any_secret and given.closed and mounts.complete and not mounts.table
        for span, model in models:
            bundled = facts.model(model)
            # Both have to say so: some owners opened repositories again that once asked for a licence.
            error = certain and bundled is not None and bundled.gated and _asks_for_a_licence(model, facts)
            seen.add(span)
            secrets = f"only the secret {' and '.join(given.named)}" if given.named else "no secret"
            yield Report(
                span=span,
                message=(
                    f"{model} is gated, and {function.name}() has {secrets}: without HF_TOKEN the hub "
                    "refuses the download"
                ),
                source=facts["hub.gated_prefixes"],
                advice=(
                    'Add secrets=[modal.Secret.from_name("huggingface-secret", required_keys=["HF_TOKEN"])], '
                    "with a token of an account that has accepted the licence."
                ),
                severity=Severity.ERROR if error else None,
            )


def _models(script: Script, function: ModalFunction) -> Iterator[tuple[Span, str]]:
    reach = script.reachable(function)
    for call in reach.calls:
        model = call.made.kwargs.get("pretrained_model_name_or_path") if call.configured else None
        if isinstance(model, Known) and isinstance(model.value, str):
            yield model.span, model.value
    for node, scope in reach.expressions:
        if not isinstance(node, ast.Call) or any(keyword.arg in _TOKENS for keyword in node.keywords):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if not _LOADS.search(script.evaluator.dotted_name(node.func) or called):
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg in _MODEL_KEYWORDS] or node.args[
            :1
        ]
        for argument in given:
            value = script.evaluate(argument, scope)
            if isinstance(value, Known) and isinstance(value.value, str):
                yield script.source.span_of(argument), value.value


def _gated(model: str, facts: Facts) -> bool:
    bundled = facts.model(model)
    if bundled is not None:
        return bundled.gated
    return _asks_for_a_licence(model, facts)


def _asks_for_a_licence(model: str, facts: Facts) -> bool:
    return model.startswith(tuple(facts["hub.gated_prefixes"].value))


def _logs_in(script: Script, function: ModalFunction) -> bool:
    for node, _ in script.reachable(function).expressions:
        match node:
            case ast.Call(func=callee):
                called = script.evaluator.dotted_name(callee) or ""
                if called.rpartition(".")[2] in ("login", "load_dotenv", "set_access_token"):
                    return True
            case ast.Constant(value=str(text)) if re.search(
                r"HF_TOKEN|HUGGING_?FACE|auth login|hf_token", text
            ):
                return True
    return False


def _gives_a_token(given: Given, facts: Facts) -> bool:
    if given.keys.intersection(facts["hub.token_variables"].value):
        return True
    if not given.any_secret:
        return False
    others = [name for name in given.named if _OTHER_SERVICE.search(name)]
    # Any other secret may be the one that holds the token.
    return not (given.named and len(others) == len(given.named)) and not given.closed


def _baked(script: Script, function: ModalFunction) -> bool:
    image = image_of(script, function)
    if image is None or not image.complete:
        return True
    return any(step.method in ("run_function", "add_local_dir", "from_dockerfile") for step in image.steps)
