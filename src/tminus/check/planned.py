"""The rules that hold a script's limits against its plan. They run only where a plan was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tminus.check.finding import Finding, Severity
from tminus.check.rule import Report, Rule
from tminus.facts import Facts
from tminus.script import Span


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """What a plan expects of the training that a script starts, on the machines that it asks for.

    Attributes:
        function: Name of the function that trains.
        machines: The machines, such as ``1 × 8 H100``.
        span: The place of its ``timeout=``, or its decorator.
        gpu_span: The place of its ``gpu=``, or its decorator.
        timeout_s: Time limit of one attempt; None where it could not be read.
        retries: Attempts after the first.
        low_s: Lower end of the expected duration.
        expected_s: Expected duration.
        high_s: Upper end of the expected duration.
        usd_low: Price at the lower end.
        usd: Expected price.
        usd_high: Price at the upper end.
        budget_usd: What the run may cost; None without a budget.
    """

    function: str
    machines: str
    span: Span
    gpu_span: Span
    timeout_s: float | None
    retries: int
    low_s: float
    expected_s: float
    high_s: float
    usd_low: float
    usd: float
    usd_high: float
    budget_usd: float | None = None


def over_timeout(run: PlannedRun, facts: Facts) -> Iterator[Report]:
    """Give a training the time that it is planned to take.

    ## What it does
    With `--plan`: compares the duration that `tminus plan` expects with `timeout=`, and with the timeouts of
    all attempts where there are retries. It is a warning where the expected duration is longer, and
    information where only the upper end of the interval is.

    ## Why is this bad?
    The timeout cancels the attempt. Without retries and a resume, what was paid until then is lost.

    ## Example
    ```python
    @app.function(gpu="L4", timeout=1 * 3600)
    def train():
        model = AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.2-1B")
        rows = load_dataset("tatsu-lab/alpaca", split="train")
        config = SFTConfig(output_dir="/data/run", num_train_epochs=3, max_length=2048)
        SFTTrainer(model, args=config, train_dataset=rows).train()
    ```

    ## Use instead
    ```python
    @app.function(gpu="L4", timeout=24 * 3600)
    def train():
        model = AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.2-1B")
        rows = load_dataset("tatsu-lab/alpaca", split="train")
        config = SFTConfig(output_dir="/data/run", num_train_epochs=3, max_length=2048)
        SFTTrainer(model, args=config, train_dataset=rows).train()
    ```
    Or a shorter timeout with `retries=`, and a training that resumes.

    ## Fix safety
    No fix: longer, faster or in several attempts is the author's decision.

    ## Limit and source
    - `function.timeout_per_attempt`

    The expected duration is an estimate, with its interval.
    """
    if run.timeout_s is None:
        return
    attempts = run.retries + 1
    limit_s = attempts * run.timeout_s
    if run.high_s <= limit_s:
        return
    if run.expected_s > limit_s:
        verb = "cannot finish: it" if run.low_s > limit_s else "is not planned to finish: it"
        how = f"{verb} takes {_hours(run.expected_s)} ({_hours(run.low_s)} to {_hours(run.high_s)})"
    else:
        how = f"may not finish: it takes {_hours(run.expected_s)}, and up to {_hours(run.high_s)},"
    within = f"its {attempts} attempts end" if attempts > 1 else "its timeout ends it"
    yield Report(
        span=run.span,
        message=f"{run.function}() {how} on {run.machines}, and {within} after {_hours(limit_s)}",
        source=facts["function.timeout_per_attempt"],
        advice=(
            "Give it the time, or more attempts with a resume; `tminus plan` shows faster machines."
            if attempts == 1
            else "Attempts add up only where the training resumes. Give it the time, or more of them."
        ),
        severity=None if run.expected_s > limit_s else Severity.INFO,
    )


def over_budget(run: PlannedRun, facts: Facts) -> Iterator[Report]:
    """Stay within the budget.

    ## What it does
    With `--plan` and a budget (`--budget-usd`, or `budget-usd` in `[tool.tminus]`): compares it with the
    price that `tminus plan` expects of one run.

    ## Why is this bad?
    A script is the place where a price can still be changed.

    ## Example
    ```python
    @app.function(gpu="H100", timeout=24 * 3600)
    def train():
        model = AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.2-3B")
        rows = load_dataset("tatsu-lab/alpaca", split="train")
        config = SFTConfig(output_dir="/data/run", num_train_epochs=10, max_length=2048)
        SFTTrainer(model, args=config, train_dataset=rows).train()
    ```
    with a budget in `pyproject.toml`:
    ```toml
    [tool.tminus]
    budget-usd = 10
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100", timeout=24 * 3600)
    def train():
        model = AutoModelForCausalLM.from_pretrained("meta-llama/Llama-3.2-3B")
        rows = load_dataset("tatsu-lab/alpaca", split="train")
        config = SFTConfig(output_dir="/data/run", num_train_epochs=1, max_length=2048)
        SFTTrainer(model, args=config, train_dataset=rows).train()
    ```
    ```toml
    [tool.tminus]
    budget-usd = 10
    ```
    Or the cheaper machines that `tminus plan` names, or a larger budget.

    ## Fix safety
    No fix: what a run may cost is the user's decision.

    ## Limit and source
    - `gpu.<type>.usd_per_second`
    - `price.cpu_usd_per_core_second`
    - `price.memory_usd_per_gib_second`

    The expected price is an estimate, with its interval.
    """
    budget = run.budget_usd
    if budget is None or run.usd_high <= budget:
        return
    certain = run.usd > budget
    yield Report(
        span=run.gpu_span,
        message=(
            f"{run.function}() is planned to cost ${run.usd:.2f} (${run.usd_low:.2f} to ${run.usd_high:.2f}) "
            f"on {run.machines}; the budget is ${budget:g}"
        ),
        source=facts["price.cpu_usd_per_core_second"],
        advice="`tminus plan` names cheaper machines.",
        severity=None if certain else Severity.INFO,
    )


OVER_TIMEOUT = Rule("TM303", "planned-over-timeout", Severity.WARNING, over_timeout)
OVER_BUDGET = Rule("TM901", "over-budget", Severity.WARNING, over_budget)
PLANNED = (OVER_TIMEOUT, OVER_BUDGET)


def planned_findings(run: PlannedRun, facts: Facts) -> list[Finding]:
    """What the plan's rules find."""
    return [rule.finding(report) for rule in PLANNED for report in rule.function(run, facts)]


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
