"""The audit: complete, true to the plan and the findings, and the same in Markdown and in HTML."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import ClassVar
from xml.etree import ElementTree

import pytest
from audits import CLEAN, TEN_GPUS, audit_of, evidence_of, leaves

from tminus.check.catalogue import catalogue
from tminus.estimate.assumptions import MEAN_TIME_BETWEEN_INTERRUPTIONS_S
from tminus.facts import Facts
from tminus.plan import Option
from tminus.report.audit.build import audit_document
from tminus.report.audit.chart_memory import groups
from tminus.report.audit.chart_options import options_chart
from tminus.report.audit.costs import Impact, Kind
from tminus.report.audit.document import Badge, Code, Document, Mono, Section, Table
from tminus.report.audit.evidence import Evidence
from tminus.report.audit.html import to_html
from tminus.report.audit.impact import impact_of, total_of
from tminus.report.audit.labels import Verdict
from tminus.report.audit.markdown import to_markdown
from tminus.report.audit.validations import validations_of
from tminus.report.audit.wording import Words

WORDS = Words("en")
PARTS = [
    "status", "problems", "options", "recommendation", "validations",
    "checklist", "multi-node", "unverified", "money", "conclusion",
]  # fmt: skip


def part(document: Document, anchor: str) -> Section:
    return next(one for one in document.sections if one.anchor == anchor)


def text_of(block: object) -> str:
    """What can be read of a part, code included."""
    found = []
    for leaf in leaves(block):
        match leaf:
            case str():
                found.append(leaf)
            case Code(lines=lines):
                found += [f"{line.mark}{line.text}" for line in lines]
            case _:
                found.append(leaf.words)
    return "\n".join(found)


def subparts(section: Section) -> dict[str, Section]:
    return {one.anchor: one for one in section.blocks if isinstance(one, Section)}


def option_named(evidence: Evidence, name: str) -> Option:
    assert evidence.plan is not None
    return next(one for one in evidence.plan.options if one.name == name)


def impact_named(evidence: Evidence, code: str) -> Impact:
    problem = next(one for one in evidence.problems if one.code == code)
    return impact_of(problem, evidence, WORDS)


class TestTenGpus:
    """The script that asks for ten GPUs: the error, its source, the ways out, the choice, what to correct."""

    document: ClassVar[Document] = audit_of(TEN_GPUS)
    evidence: ClassVar[Evidence] = evidence_of(TEN_GPUS)

    def test_the_parts_are_all_there_in_their_order(self) -> None:
        assert [one.anchor for one in self.document.sections] == PARTS

    def test_the_error_shows_its_line_its_source_and_its_correction(self) -> None:
        text = text_of(subparts(part(self.document, "problems"))["tm101"])
        limit = Facts.bundled()["gpu.H100.max_per_container"]
        for said in (
            '!    gpu="H100:10",',
            f"{limit.value} GPUs",
            limit.source.removeprefix("https://"),
            WORDS.date(limit.as_of),
            '+    gpu="H100:8",',
            "tminus check --fix --unsafe-fixes",
        ):
            assert said in text, said

    def test_every_finding_has_its_part_and_its_task(self) -> None:
        codes = {one.code for one in self.evidence.findings}
        assert {one.upper() for one in subparts(part(self.document, "problems"))} == codes
        checklist = text_of(part(self.document, "checklist"))
        assert all(code in checklist for code in codes)

    def test_the_ways_out_are_compared_and_those_that_today_forbids_are_refused(self) -> None:
        options = subparts(part(self.document, "options"))
        by_name = {one.title.partition(": ")[2]: text_of(one) for one in options.values()}
        for refused, why in (
            ("1 × 10 H100", "at most 8"),
            ("2 × 5 H100", "must request all GPUs of its host"),
        ):
            assert "Refused by the platform" in by_name[refused]
            assert why in by_name[refused]
        for name in ("1 × 8 H100", "2 × 8 H100"):
            option = option_named(self.evidence, name)
            split = option.estimate.split
            text = by_name[name]
            for said in (
                f"{option.estimate.memory.reserved_gib:.1f} of {option.hardware.gpu.usable_gib:.1f} GiB",
                f"{split.global_batch} = {split.micro_batch} × {split.accumulation} × {split.world_size}",
                f"${option.estimate.usd:.2f}",
                '+    gpu="H100:8",',
                "Advantages",
                "Drawbacks",
                "Prerequisites",
            ):
                assert said in text, (name, said)
        assert "torchrun in every container" in by_name["2 × 8 H100"]

    def test_the_recommendations_are_those_of_the_plan_with_their_reasons(self) -> None:
        plan = self.evidence.plan
        assert plan is not None
        parts = subparts(part(self.document, "recommendation"))
        for anchor, chosen in (("now", plan.now), ("fastest", plan.fastest)):
            assert chosen is not None
            text = text_of(parts[anchor])
            assert chosen.option.name in text
            assert f'gpu="{chosen.option.gpu}"' in text
            # A reason may hold an address, which is shown as a link.
            assert all(reason.partition(" (http")[0].partition("`")[0] in text for reason in chosen.reasons)

    def test_a_refused_request_costs_nothing_and_runs_nothing(self) -> None:
        impact = impact_named(self.evidence, "TM101")
        assert (impact.kind, impact.expected_usd, impact.most_usd) == (Kind.REFUSED, 0.0, 0.0)
        assert "no bill, and no model" in text_of(part(self.document, "money"))

    def test_idle_gpus_cost_what_the_plan_says_they_cost(self) -> None:
        impact = impact_named(self.evidence, "TM107")
        alone, all_of_them = (
            option_named(self.evidence, "1 × 1 H100"),
            option_named(self.evidence, "1 × 8 H100"),
        )
        seconds = alone.estimate.run.total_s
        expected = all_of_them.estimate.rate.cost_usd(seconds) - alone.estimate.usd
        assert impact.expected_usd == pytest.approx(expected)
        assert impact.machines is all_of_them

    def test_a_training_that_cannot_resume_loses_half_of_itself_at_an_interruption(self) -> None:
        impact = impact_named(self.evidence, "TM406")
        option = option_named(self.evidence, "1 × 8 H100")
        run = option.estimate.run
        work_s = run.training_s + run.saving_s
        chance = work_s / MEAN_TIME_BETWEEN_INTERRUPTIONS_S
        lost_s = chance * (run.startup_s + work_s / 2) - run.interruptions_s
        assert impact.expected_usd == pytest.approx(option.estimate.rate.cost_usd(lost_s))
        assert impact.most_usd == pytest.approx(option.estimate.usd)

    def test_what_cannot_be_computed_is_said_not_to_be(self) -> None:
        impact = impact_named(self.evidence, "TM902")
        assert impact.expected_usd is None
        assert "Not computed" in impact.words
        money = next(one for one in part(self.document, "money").blocks if isinstance(one, Table))
        row = next(one for one in money.rows if "TM902" in text_of(one.cells[0]))
        assert text_of(row.cells[2:]) == ""

    def test_the_total_counts_each_kind_once_and_other_functions_not_at_all(self) -> None:
        impacts = [impact_of(one, self.evidence, WORDS) for one in self.evidence.problems]
        total = total_of(impacts)
        assert total is not None
        ours = [one for one in impacts if one.ours and one.expected_usd and one.kind is not Kind.STORAGE]
        assert total[0] == pytest.approx(
            sum(
                max(one.expected_usd or 0 for one in ours if one.kind is kind)
                for kind in {o.kind for o in ours}
            )
        )
        # The cluster is another function than the planned one.
        assert not impact_named(self.evidence, "TM206").ours
        assert total[0] <= total[1]
        assert f"${total[0]:.2f} to expect" in text_of(part(self.document, "money"))

    def test_the_checklist_says_what_fix_does(self) -> None:
        text = text_of(part(self.document, "checklist"))
        safe, unsafe = len(self.evidence.safe.mended), len(self.evidence.unsafe.mended)
        assert f"mends {safe} finding" in text
        assert f"mends {unsafe} findings" in text

    def test_the_route_to_several_nodes_names_the_api_of_the_client(self) -> None:
        modal = pytest.importorskip("modal")
        text = text_of(part(self.document, "multi-node"))
        for name in ("from_context", "container_rank", "container_ips"):
            assert name in text
            assert hasattr(modal.Cluster, name)

    def test_assumptions_and_ages_stand_under_what_was_not_verified(self) -> None:
        plan, text = self.evidence.plan, text_of(part(self.document, "unverified"))
        assert plan is not None
        assert all(one.name in text for one in plan.assumed)
        assert WORDS.date(plan.prices_as_of) in text
        assert "Nothing was run" in text


def test_a_script_without_findings_is_told_so_and_what_comes_next() -> None:
    document = audit_of(CLEAN)
    assert "Nothing speaks against it" in text_of(part(document, "status"))
    assert "Nothing has to be corrected" in text_of(part(document, "checklist"))
    assert "No finding, no cost" in text_of(part(document, "money"))
    assert f"tminus rehearse {CLEAN.relative_to(Path.cwd())}" in text_of(part(document, "conclusion"))


VOLUME = "volume = modal.Volume.from_name('v', create_if_missing=True)\n"


def script_file(folder: Path, body: str, decorator: str = "") -> Path:
    path = folder / "train.py"
    path.write_text(
        f"import modal\napp = modal.App('a')\n{VOLUME if 'volume' in decorator else ''}"
        f"@app.function({decorator})\ndef train():\n    from trl import SFTConfig, SFTTrainer\n    {body}\n",
        encoding="utf-8",
    )
    return path


TRAINING = "SFTTrainer('meta-llama/Llama-3.1-8B', args=SFTConfig(output_dir='/v/o', save_steps=50)).train()"


def evidence_for(folder: Path, body: str, decorator: str) -> Evidence:
    return Evidence.of(script_file(folder, body, decorator), Facts.bundled())


def verdicts(evidence: Evidence) -> dict[str, tuple[Verdict, str]]:
    found = validations_of(evidence, WORDS)
    return {one.title: (one.verdict, f"{one.looked.seen} {one.looked.unread}") for one in found}


def test_validations_tell_passed_failed_absent_and_unknown_apart(tmp_path: Path) -> None:
    found = verdicts(
        evidence_for(
            tmp_path,
            TRAINING,
            "gpu='H100', timeout=WANTED, volumes={'/v': volume}, retries=3, "
            "secrets=[modal.Secret.from_name('hf')]",
        )
    )
    assert found["GPU type and count"] == (Verdict.PASSED, "train: gpu='H100' ")
    assert found["Cluster of several containers"][0] is Verdict.ABSENT
    assert found["Allocator of CUDA memory"][0] is Verdict.ABSENT
    assert found["Timeout"][0] is Verdict.UNKNOWN
    assert "train()" in found["Timeout"][1]
    assert found["Retries and resume"][0] is Verdict.FAILED  # it never looks for a checkpoint
    assert found["Volumes and where results go"] == (Verdict.PASSED, "train: /v ")
    assert "hf" in found["Secrets and tokens"][1]
    assert "committed in the background" in found["Commits of checkpoints to the volume"][1]


def test_every_rule_about_scripts_belongs_to_a_validation() -> None:
    validated = {code for one in validations_of(evidence_of(TEN_GPUS), WORDS) for code in one.codes}
    # About the tool's own comments and files, and about a plan against limits that are not given here.
    others = {code for code in catalogue() if code.startswith("TM0")} | {"TM303", "TM901"}
    assert set(catalogue()) - validated - others == set()


def test_a_lost_run_costs_the_whole_run(tmp_path: Path) -> None:
    body = "SFTTrainer('meta-llama/Llama-3.1-8B', args=SFTConfig(output_dir='/tmp/o', max_steps=500)).train()"
    evidence = evidence_for(tmp_path, body, "gpu='H100', timeout=36000, retries=1")
    impact = impact_named(evidence, "TM409")
    option = next(one for one in evidence.plan.options if one.asked) if evidence.plan else None
    assert option is not None
    assert (impact.kind, impact.expected_usd) == (Kind.LOST, pytest.approx(option.estimate.usd))


def test_without_a_plan_the_report_says_why_and_prices_nothing(tmp_path: Path) -> None:
    body = "SFTTrainer('acme/unheard-of', args=SFTConfig(output_dir='/tmp/o')).train()"
    evidence = evidence_for(tmp_path, body, "gpu='H100:2', timeout=36000")
    assert evidence.plan is None
    document = audit_document(evidence, WORDS)
    assert "acme/unheard-of" in text_of(part(document, "options"))
    assert impact_named(evidence, "TM409").expected_usd is None
    assert "$" not in text_of(part(document, "money")).replace("$0.00", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import modal\napp = modal.App('a')\n",
        "import modal\nfrom other import train\napp = modal.App('a')\napp.function(gpu='H100:10')(train)\n",
        "import modal\napp = modal.App('a')\n@app.cls(gpu=[WANTED, 'H100'])\nclass Trainer: ...\n",
    ],
)
def test_every_script_has_an_audit(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.py"
    path.write_text(text, encoding="utf-8")
    document = audit_document(Evidence.of(path, Facts.bundled()), WORDS)
    assert [one.anchor for one in document.sections] == PARTS
    assert "There are no options to compare" in text_of(part(document, "options"))
    assert to_html(document)


def test_secrets_of_a_script_do_not_come_into_its_report(tmp_path: Path) -> None:
    token = "hf_" + "a1B2c3D4e5" * 3 + "x9Yz"
    evidence = evidence_for(
        tmp_path, f"import os; os.environ['HF_TOKEN'] = '{token}'; {TRAINING}", "gpu='H100'"
    )
    document = audit_document(evidence, WORDS)
    assert "TM501" in text_of(part(document, "problems"))
    assert token not in to_html(document)
    assert token not in to_markdown(document)


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_markdown_and_html_say_the_same(language: str) -> None:
    document = audit_of(TEN_GPUS, language)
    page, markdown = _plain_html(to_html(document)), _plain_markdown(to_markdown(document))
    for leaf in leaves(document):
        texts = (
            [line.text for line in leaf.lines]
            if isinstance(leaf, Code)
            else [leaf if isinstance(leaf, str) else leaf.words]
        )
        for text in texts:
            words = " ".join(text.split())
            assert words in page, text
            assert words in markdown, text


def _plain_html(page: str) -> str:
    body = re.sub(r"<(style|svg).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", body)).split())


def _plain_markdown(text: str) -> str:
    # Code stands as it is; elsewhere a backslash takes a letter's meaning away.
    return " ".join(re.sub(r"\\([\\`*_<>\[\]#|])", r"\1", text).split())


def test_markdown_neither_breaks_tables_nor_runs_what_a_script_says(tmp_path: Path) -> None:
    body = "SFTTrainer('a|b<script>alert(1)</script>', args=SFTConfig('/tmp/`o`|')).train()"
    evidence = evidence_for(tmp_path, body, "gpu='H100'")
    document = audit_document(evidence, WORDS)
    page, markdown = to_html(document), to_markdown(document)
    assert "<script" not in page
    assert "<script>" not in re.sub(r"^(```+).*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    for table in re.findall(r"(?:^\|.*\n?)+", markdown, flags=re.MULTILINE):
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(columns) == 1, table


def test_the_chart_holds_every_option_and_the_front_of_the_plan() -> None:
    plan = evidence_of(TEN_GPUS).plan
    assert plan is not None
    figure = options_chart(plan, WORDS)
    assert figure is not None
    picture = ElementTree.fromstring(figure.svg)
    points = [one for one in picture.iter("circle") if "other" not in one.attrib["class"]]
    names = {one.findtext("title") for one in points}
    assert names == {one.name for one in (*plan.options, *plan.pareto) if one.runs}
    front = next(one.attrib["points"] for one in picture.iter("polyline"))
    assert len(front.split()) == len(plan.pareto)
    assert all(one.name in figure.description for one in plan.pareto)


def test_bars_of_memory_add_up_to_what_is_reserved() -> None:
    plan = evidence_of(TEN_GPUS).plan
    assert plan is not None
    for option in plan.options:
        assert sum(groups(option).values()) == pytest.approx(option.estimate.memory.reserved_gib)


def test_badges_say_in_words_what_their_colour_says() -> None:
    badges = [one for one in leaves(audit_of(TEN_GPUS)) if isinstance(one, Badge)]
    assert {one.words for one in badges} >= {"error", "warning", "info", "passed", "failed"}
    assert all(one.words for one in badges)
    assert any(isinstance(one, Mono) for one in leaves(audit_of(TEN_GPUS)))
