"""Every other validation: what was looked at, by which rules, and with which verdict.

A topic is judged by what its rules found. Without a finding it has passed only where the topic occurs in the
script and all that its rules need could be read.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tminus.check import Severity
from tminus.check.environment import settings_of
from tminus.check.images import image_of
from tminus.check.runs import training_runs
from tminus.check.secrets_given import given_to
from tminus.report.audit.evidence import Evidence
from tminus.report.audit.labels import Verdict
from tminus.report.audit.wording import Words
from tminus.script import Constructed, Known, ModalFunction, Unknown, mounts_of, possible

_ALLOCATOR = frozenset({"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"})


@dataclass(frozen=True, slots=True)
class Looked:
    """What a topic's rules looked at.

    Attributes:
        seen: What there is, in words; empty where the topic does not occur.
        unread: What there is and could not be read, in words; empty where all could be.
    """

    seen: str = ""
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Validation:
    """A topic with its verdict.

    Attributes:
        title: What is validated.
        codes: The rules that did.
        verdict: What came of it.
        looked: What they looked at.
    """

    title: str
    codes: tuple[str, ...]
    verdict: Verdict
    looked: Looked


def validations_of(evidence: Evidence, words: Words) -> list[Validation]:
    """Every topic, also those that passed."""
    return [
        _judged(title, codes.split(), look(evidence, words), evidence)
        for title, codes, look in _topics(words)
    ]


_Look = Callable[[Evidence, Words], Looked]


def _topics(words: Words) -> list[tuple[str, str, _Look]]:
    return [
        (words("GPU type and count"), "TM101 TM102 TM103 TM104 TM105 TM106 TM108 TM113", _gpus),
        (words("One process for each GPU"), "TM107 TM703", _several_gpus),
        (words("CPU and memory of the container"), "TM110 TM112", _containers),
        (words("Work that GPUs wait for"), "TM111", _containers),
        (
            words("Cluster of several containers"),
            "TM201 TM202 TM203 TM204 TM205 TM206 TM207 TM208 TM209 TM210",
            _clusters,
        ),
        (words("Timeout"), "TM301 TM302 TM303 TM311", _timeouts),
        (words("Retries and resume"), "TM304 TM305 TM306 TM406", _retries),
        (words("Start, failure and output of the training"), "TM307 TM308 TM309 TM310", _trainings),
        (words("Volumes and where results go"), "TM401 TM403 TM404 TM409 TM410 TM411", _volumes),
        (words("Commits of checkpoints to the volume"), "TM402", _commits),
        (words("How often checkpoints are saved and kept"), "TM405 TM408 TM704", _saves),
        (words("Arithmetic of steps and batch"), "TM701 TM702", _arithmetic),
        (words("Secrets and tokens"), "TM501 TM502 TM503 TM504", _secrets),
        (words("Image and packages"), "TM601 TM602 TM603 TM604 TM608 TM609 TM610 TM611", _images),
        (words("Allocator of CUDA memory"), "TM605 TM606 TM607 TM612", _allocator),
        (words("Cache of downloaded models"), "TM407", _trainings),
        (words("Calls of Modal’s client"), "TM801 TM802 TM803 TM804 TM805", _client),
        (words("Arguments of the training libraries"), "TM705 TM806", _libraries),
        (words("Numbers in comments and documents"), "TM902", _prose),
    ]


def _judged(title: str, codes: list[str], looked: Looked, evidence: Evidence) -> Validation:
    found = evidence.found(*codes)
    if any(one.severity is not Severity.INFO for one in found):
        verdict = Verdict.FAILED
    elif looked.unread:
        verdict = Verdict.UNKNOWN
    elif found:
        verdict = Verdict.NOTED
    else:
        verdict = Verdict.PASSED if looked.seen else Verdict.ABSENT
    return Validation(
        title, tuple(code for code in codes if code in evidence.rules or found), verdict, looked
    )


def _argument(name: str, evidence: Evidence, words: Words) -> Looked:
    """The values of a decorator argument, function by function."""
    seen, unread = [], []
    for function in evidence.script.functions:
        value = function.argument(name)
        if isinstance(value, Unknown) and not possible(value):
            unread.append(function.name)
        seen += [
            f"{function.name}: {name}={_written(one.value, evidence)}" for one in function.possible(name)
        ]
    return Looked("; ".join(seen), _unread(unread, words))


def _written(known: Known, evidence: Evidence) -> str:
    """A value as a script writes it: what is made by a call as that call."""
    if isinstance(known.value, Constructed):
        in_script = known.span.path == evidence.script.path
        return evidence.script.source.slice(known.span) if in_script else f"{known.value.name}(…)"
    return repr(known.value)


def _unread(functions: Iterable[str], words: Words) -> str:
    names = ", ".join(f"{name}()" for name in dict.fromkeys(functions))
    return words("could not be read for {functions}", functions=names) if names else ""


def _with_gpus(evidence: Evidence) -> list[ModalFunction]:
    return [one for one in evidence.script.functions if one.gpu is not None]


def _gpus(evidence: Evidence, words: Words) -> Looked:
    return _argument("gpu", evidence, words)


def _several_gpus(evidence: Evidence, words: Words) -> Looked:
    several = [
        one for one in _with_gpus(evidence) if any(each.request.count > 1 for each in one.gpu_choices())
    ]
    unread = [one.name for one in _with_gpus(evidence) if not one.gpu_choices()]
    seen = "; ".join(f"{one.name}: {one.gpu_choices()[0].request}" for one in several)
    return Looked(seen, _unread(unread, words))


def _containers(evidence: Evidence, words: Words) -> Looked:
    found = _with_gpus(evidence)
    seen = (
        words.count("{count} function with GPUs", "{count} functions with GPUs", len(found)) if found else ""
    )
    unread = [
        one.name
        for one in found
        if any(isinstance(one.argument(name), Unknown) for name in ("cpu", "memory"))
    ]
    return Looked(seen, _unread(unread, words))


def _clusters(evidence: Evidence, words: Words) -> Looked:
    clustered = [one for one in evidence.script.functions if one.cluster is not None]
    seen = "; ".join(
        words("{function}: {nodes} containers", function=one.name, nodes=words.number(one.nodes))
        for one in clustered
        if one.nodes is not None
    )
    return Looked(seen, _unread((one.name for one in clustered if one.nodes is None), words))


def _timeouts(evidence: Evidence, words: Words) -> Looked:
    looked = _argument("timeout", evidence, words)
    without = [one.name for one in _with_gpus(evidence) if not one.may_have("timeout")]
    default = evidence.facts["function.timeout_default_s"].value
    if without and not looked.seen:
        names = ", ".join(f"{name}()" for name in without)
        return Looked(
            words("{functions}: the default of {seconds} s", functions=names, seconds=str(default)),
            looked.unread,
        )
    return looked


def _retries(evidence: Evidence, words: Words) -> Looked:
    runs = list(training_runs(evidence.script, trials=True))
    seen = "; ".join(
        words(
            "{function}: {retries} retries",
            function=one.function.name,
            retries=words.number(one.function.retries),
        )
        for one in runs
        if one.function.retries is not None
    )
    return Looked(seen, _unread((one.function.name for one in runs if one.function.retries is None), words))


def _trainings(evidence: Evidence, words: Words) -> Looked:
    runs = list(training_runs(evidence.script, trials=True))
    seen = (
        words.count("{count} function that trains", "{count} functions that train", len(runs)) if runs else ""
    )
    return Looked(seen)


def _volumes(evidence: Evidence, words: Words) -> Looked:
    seen, unread = [], []
    for function in evidence.script.functions:
        mounts = mounts_of(function)
        if not mounts.complete:
            unread.append(function.name)
        seen += [f"{function.name}: {one.path}" for one in mounts.table]
    runs = list(training_runs(evidence.script, trials=True))
    if not seen and runs:
        return Looked(words("no volume is mounted"), _unread(unread, words))
    return Looked("; ".join(seen), _unread(unread, words))


def _commits(evidence: Evidence, words: Words) -> Looked:
    runs = [one for one in training_runs(evidence.script, trials=True) if one.mounts.table]
    if not runs:
        return Looked()
    calls = sum(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
        for node in ast.walk(evidence.script.tree)
    )
    seen = words.count("{count} call of commit()", "{count} calls of commit()", calls)
    told = words("files on a mounted volume are also committed in the background, and at the end")
    return Looked(f"{seen}; {told}", _unread((one.function.name for one in runs if one.unread_output), words))


def _saves(evidence: Evidence, words: Words) -> Looked:
    settings = evidence.script.training
    value = settings.get("save_every") if settings else None
    if isinstance(value, Known):
        return Looked(f"save_steps={value.value}")
    if isinstance(value, Unknown):
        return Looked(words("save_steps is given"), words("its value could not be read"))
    return Looked(words("no interval is given")) if settings else Looked()


def _arithmetic(evidence: Evidence, words: Words) -> Looked:
    plan = evidence.plan
    if plan is None:
        return (
            Looked(words("numbers of the module"), words("there is no plan to compare with"))
            if (evidence.script.training)
            else Looked()
        )
    return Looked(
        words(
            "global batch {batch}, {steps} steps",
            batch=words.number(plan.job.global_batch),
            steps=words.number(plan.job.steps),
        )
    )


def _secrets(evidence: Evidence, words: Words) -> Looked:
    names = [name for one in evidence.script.functions for name in given_to(evidence.script, one).named]
    if names:
        listed = ", ".join(dict.fromkeys(names))
        return Looked(words("secrets {names}, and the whole text for tokens", names=listed))
    return Looked(words("no secret by name; the whole text for tokens"))


def _images(evidence: Evidence, words: Words) -> Looked:
    functions = evidence.script.functions
    unread = []
    for one in functions:
        image = image_of(evidence.script, one)
        if image is None or not image.complete:
            unread.append(one.name)
    seen = words.count("the image of {count} function", "the images of {count} functions", len(functions))
    return Looked(seen if functions else "", _unread(unread, words))


def _allocator(evidence: Evidence, words: Words) -> Looked:
    found = list(settings_of(evidence.script, _ALLOCATOR))
    seen = [f"{one.name}={one.value.value!r}" if isinstance(one.value, Known) else one.name for one in found]
    unread = [one.name for one in found if not isinstance(one.value, Known)]
    return Looked("; ".join(seen), words("its value could not be read") if unread else "")


def _client(evidence: Evidence, words: Words) -> Looked:
    functions = evidence.script.functions
    if not functions:
        return Looked()
    releases = evidence.facts.signatures.releases["modal"]
    return Looked(words("releases {oldest} to {newest}", oldest=str(releases[0]), newest=str(releases[-1])))


def _libraries(evidence: Evidence, words: Words) -> Looked:
    names = sorted({one.made.name.partition(".")[0] for one in evidence.script.library_calls})
    return Looked(", ".join(name for name in names if name != "modal"))


def _prose(evidence: Evidence, words: Words) -> Looked:
    lines = len(evidence.script.prose)
    return (
        Looked(words.count("{count} line of words", "{count} lines of words", lines)) if lines else Looked()
    )
