"""TM501: a token written into the script."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.check.tokens import tokens_in
from tminus.facts import Facts
from tminus.script import Script, Span


@rule("TM501", "token-in-source", Severity.WARNING)
def token_in_source(script: Script, facts: Facts) -> Iterator[Report]:
    """Keep tokens in a Modal secret, not in the script.

    ## What it does
    Finds what looks like a token of Hugging Face, OpenAI, Anthropic, GitHub, AWS, Google, Modal, Weights &
    Biases, Groq, Replicate, NVIDIA, Slack or LangSmith anywhere in the file, comments included. The token
    itself is never printed.

    ## Why is this bad?
    Whoever can read the repository, its history, or a log that quotes the line can use the token, and pay
    with it. Deleting the line does not take it out of the history.

    ## Example
    ```python
    os.environ["HF_TOKEN"] = "hf_…"
    ```

    ## Use instead
    ```python
    @app.function(secrets=[modal.Secret.from_name("huggingface-secret", required_keys=["HF_TOKEN"])])
    def train(): ...
    ```

    ## Fix safety
    No fix: the token has to be revoked at its service first.

    ## Limit and source
    - `secret.guide`

    The patterns are the services' own prefixes; a placeholder (`hf_xxx`, `your-key`) is not reported.
    """
    text = script.source.text
    for token in tokens_in(text):
        line = text.count("\n", 0, token.start) + 1
        start = token.start - (text.rfind("\n", 0, token.start) + 1) + 1
        yield Report(
            span=Span(script.path, line, start, line, start + token.end - token.start),
            message=(
                f"a token of {token.service} stands in the source: everyone who can read the file or the "
                "repository's history can use it"
            ),
            source=facts["secret.guide"],
            advice=(
                "Revoke it, put the new one into a secret (`modal secret create NAME KEY=VALUE`) and give "
                "the function secrets=[modal.Secret.from_name(NAME)]."
            ),
        )
