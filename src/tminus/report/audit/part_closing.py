"""What to do: the checklist, the multi-node route, what was not verified, and the conclusion."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check import Safety
from tminus.plan import Option
from tminus.report.audit.costs import Impact, Kind
from tminus.report.audit.document import (
    Block,
    Bullets,
    Callout,
    Code,
    CodeLine,
    Link,
    Mono,
    Paragraph,
    Prose,
    Row,
    Section,
    Strong,
    Table,
    Tasks,
    Text,
    Tone,
)
from tminus.report.audit.documentation import documented, read_on
from tminus.report.audit.evidence import Evidence, Problem
from tminus.report.audit.impact import total_of
from tminus.report.audit.labels import fix_flags
from tminus.report.audit.part_problems import link_to
from tminus.report.audit.prose import prose
from tminus.report.audit.wording import Words, later
from tminus.report.paths import shown
from tminus.script import Unknown, possible

_CLUSTER_FACTS = (
    "cluster.max_nodes",
    "cluster.max_gpus",
    "cluster.full_host_since",
    "cluster.stable_api_since",
    "cluster.rdma_gbit_per_s",
)
_ARGUMENTS = ("gpu", "timeout", "retries", "volumes", "secrets", "image", "cpu", "memory")


def checklist_part(evidence: Evidence, words: Words) -> Section:
    """Every correction, and which of them the tool makes by itself."""
    script = shown(evidence.script.path)
    tasks = tuple(_task(problem, words) for problem in evidence.problems)
    blocks: list[Block] = (
        [Tasks(tasks)] if tasks else [Paragraph(prose(words("Nothing has to be corrected.")))]
    )
    safe, unsafe = len(evidence.safe.mended), len(evidence.unsafe.mended)
    if safe:
        made = words.count(
            "mends {count} finding and keeps what the script does.",
            "mends {count} findings and keeps what the script does.",
            safe,
        )
        blocks.append(Paragraph((Mono(f"tminus check --fix {script}"), Text(" "), Text(made))))
    if unsafe > safe:
        made = words.count(
            "mends {count} finding and may change what the script does: read it first, with --diff.",
            "mends {count} findings and may change what the script does: read them first, with --diff.",
            unsafe,
        )
        blocks.append(Paragraph((Mono(f"tminus check --fix --unsafe-fixes {script}"), Text(" "), Text(made))))
    if tasks and not unsafe:
        blocks.append(Paragraph(prose(words("None of the findings can be mended without a person."))))
    return Section("checklist", words("Checklist of corrections"), tuple(blocks))


def _task(problem: Problem, words: Words) -> Prose:
    advice = next((one.advice for one in problem.findings if one.advice), "")
    safeties = {one.fix.safety for one in problem.findings if one.fix is not None and one.fixable}
    how: Prose = prose(words("by hand"))
    if safeties:
        safety = Safety.SAFE if safeties == {Safety.SAFE} else Safety.UNSAFE
        how = (Mono(fix_flags(safety)),)
    places = words.count("{count} place", "{count} places", len(problem.findings))
    return prose(link_to(problem), f" ({places}, ", how, "): ", words.said(advice))


def multi_node_part(evidence: Evidence, words: Words) -> Section:
    """How to go to several containers, from the options of the plan."""
    plan, facts = evidence.plan, evidence.facts
    several = [one for one in plan.options if one.runs and one.hardware.nodes > 1] if plan is not None else []
    limits = documented([facts[one] for one in _CLUSTER_FACTS], evidence, words)
    blocks: list[Block] = []
    if plan is not None and several:
        option = min(several, key=lambda one: one.estimate.run.total_s)
        alone = [one for one in plan.options if one.runs and one.hardware.nodes == 1]
        best = min(alone, key=lambda one: one.estimate.run.total_s, default=None)
        blocks.append(
            Paragraph(
                prose(
                    words(
                        "{option} takes {time} and {usd}.",
                        option=option.name,
                        time=words.hours(option.estimate.run.total_s),
                        usd=words.usd(option.estimate.usd),
                    ),
                    " ",
                    words(
                        "The fastest single container, {option}, takes {time} and {usd}.",
                        option=best.name,
                        time=words.hours(best.estimate.run.total_s),
                        usd=words.usd(best.estimate.usd),
                    )
                    if best is not None
                    else "",
                )
            )
        )
        blocks += [
            Paragraph((Strong(words("What it takes")),)),
            Bullets(tuple(words.said(one) for one in option.prerequisites), ordered=True),
        ]
        blocks.append(_launcher(option, words))
    else:
        blocks.append(Paragraph(prose(words("The plan has no option of several containers for this job."))))
    blocks += [Paragraph((Strong(words("What the documentation says")),)), limits]
    return Section("multi-node", words("The route to several nodes"), tuple(blocks))


def _launcher(option: Option, words: Words) -> Code:
    hardware = option.hardware
    rdma = ", rdma=True" if hardware.rdma else ""
    lines = (
        f'@app.function(gpu="{option.gpu}", volumes={{"/data": volume}}, timeout=24 * 3600, retries=3)',
        f"@modal.clustered(size={hardware.nodes}{rdma})",
        "def train():",
        "    cluster = modal.Cluster.from_context()",
        "    subprocess.run(",
        "        [",
        f'            "torchrun", "--nnodes={hardware.nodes}", "--nproc-per-node={hardware.gpus_per_node}",',
        '            f"--node-rank={cluster.container_rank()}",',
        '            f"--master-addr={cluster.container_ips()[0]}", "--master-port=29500",',
        '            "/root/train.py",',
        "        ],",
        "        check=True,",
        "    )",
    )
    label = words("one launcher in each container; it starts one process for each GPU")
    return Code(label, tuple(CodeLine(one) for one in lines), "python")


def unverified_part(evidence: Evidence, words: Words) -> Section:
    """What nobody looked at, what was assumed, and what could not be read."""
    items: list[Prose] = [
        prose(
            words(
                "Nothing was run: neither the script nor the image. `tminus rehearse` runs it here, with "
                "interruptions."
            )
        ),
        prose(words("Whether GPUs are free, and how long they are waited for.")),
        prose(words("Whether the secrets, volumes and the model’s licence exist in the account.")),
    ]
    items += _unread(evidence, words)
    items += _weak(evidence, words)
    blocks: list[Block] = [Bullets(tuple(items))]
    if evidence.plan is not None:
        rows = tuple(
            Row((prose(Mono(one.name)), prose(_value(one.value, words)), words.said(one.why)))
            for one in evidence.plan.assumed
        )
        head = (words("assumed"), words("value"), words("because"))
        blocks.append(Table(words("What the plan assumes"), head, rows))
    return Section("unverified", words("What was not verified"), tuple(blocks))


def _unread(evidence: Evidence, words: Words) -> Iterator[Prose]:
    for function in evidence.script.functions:
        for name in _ARGUMENTS:
            value = function.argument(name)
            if isinstance(value, Unknown) and not possible(value):
                said = words(
                    "{argument} of {function}() could not be read:", argument=name, function=function.name
                )
                yield prose(said, " ", words.said(value.reason), ".")


def _weak(evidence: Evidence, words: Words) -> Iterator[Prose]:
    cited = {one.source.id: one.source for one in evidence.findings if one.source is not None}
    for fact in cited.values():
        if fact.conflicts:
            said = words("The sources contradict each other about")
            yield prose(said, " ", Mono(fact.id), " ", read_on(fact, words), ".")
    if evidence.plan is not None:
        day = evidence.plan.prices_as_of
        age = (evidence.facts.today - day).days
        yield prose(
            words.count(
                "Prices are those of {day}, {count} day old; `tminus plan --live-prices` asks for today’s.",
                "Prices are those of {day}, {count} days old; `tminus plan --live-prices` asks for today’s.",
                age,
                day=words.date(day),
            )
        )


def _value(value: object, words: Words) -> str:
    if isinstance(value, bool):
        return words("yes") if value else words("no")
    if isinstance(value, int):
        return words.number(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return words.value(str(value))


def money_part(evidence: Evidence, impacts: dict[str, Impact], words: Words) -> Section:
    """What the findings would have cost, each and together."""
    rows = []
    for problem in evidence.problems:
        impact = impacts[problem.code]
        rows.append(
            Row(
                (
                    (link_to(problem),),
                    prose(words(_KINDS[impact.kind])),
                    prose("" if impact.expected_usd is None else words.usd(impact.expected_usd)),
                    prose("" if impact.most_usd is None else words.usd(impact.most_usd)),
                )
            )
        )
    blocks: list[Block] = []
    total = total_of(list(impacts.values()))
    if rows:
        head = (words("problem"), words("how it costs"), words("to expect"), words("at most"))
        blocks.append(
            Table(
                words("Dollars of one run; empty where they cannot be computed"),
                head,
                tuple(rows),
                frozenset({2, 3}),
            )
        )
    if evidence.errors and any(one.kind is Kind.REFUSED for one in impacts.values()):
        blocks.append(
            Paragraph(prose(words("As it stands, the service refuses the script: no bill, and no model.")))
        )
    if total is not None and total[1] > 0:
        blocks.append(
            Callout(
                Tone.WARN,
                words("{usd} to expect, {most} at most", usd=words.usd(total[0]), most=words.usd(total[1])),
                prose(
                    words(
                        "That is what one run with these findings would lose once nothing refuses it. "
                        "Findings of one kind meet the same hours, so of each kind only the dearest "
                        "counts; those about other functions than the planned one are left out."
                    )
                ),
            )
        )
    elif not rows:
        blocks.append(Paragraph(prose(words("No finding, no cost."))))
    return Section("money", words("What the findings would have cost"), tuple(blocks))


_KINDS = {
    Kind.REFUSED: later("refused before anything is billed"),
    Kind.START: later("fails after the start"),
    Kind.LOST: later("work is lost"),
    Kind.IDLE: later("GPUs are idle"),
    Kind.SLOW: later("the run takes longer"),
    Kind.DOWNLOAD: later("the model is fetched again"),
    Kind.STORAGE: later("storage, a month"),
    Kind.UNKNOWN: later("not computed"),
}


def conclusion_part(evidence: Evidence, words: Words) -> Section:
    """The verdict in a sentence, and the next command."""
    script = shown(evidence.script.path)
    if evidence.errors:
        said = words(
            "The script does not run as it is. Mend the errors first, then the warnings, and check again:"
        )
        command = f"tminus check --fix --unsafe-fixes --diff {script}"
    elif evidence.problems:
        said = words("The script starts; the findings above are what it may cost. Mend them, and rehearse:")
        command = f"tminus rehearse {script} --preempt 1"
    else:
        said = words(
            "Nothing speaks against the script. Rehearse it with an interruption before paying for it:"
        )
        command = f"tminus rehearse {script} --preempt 1"
    blocks: list[Block] = [Paragraph(prose(said)), Code(words("next step"), (CodeLine(command),), "sh")]
    if evidence.plan is not None and evidence.plan.now is not None:
        option = evidence.plan.now.option
        blocks.append(
            Paragraph(
                prose(
                    words("Then run it on"),
                    " ",
                    Link(option.name, "#now"),
                    ": ",
                    words(
                        "{time}, {usd} to expect.",
                        time=words.hours(option.estimate.run.total_s),
                        usd=words.usd(option.estimate.usd),
                    ),
                )
            )
        )
    return Section("conclusion", words("Conclusion and next step"), tuple(blocks))
