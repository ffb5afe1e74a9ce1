"""The bundled signatures and deprecations, held against the libraries that are installed."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from importlib.metadata import version as installed_version

import pytest

from tminus.facts import Facts, Lifetime, Now
from tminus.facts.versions import version_key

FACTS = Facts.bundled()
SIGNATURES = FACTS.signatures


def test_versions_compare_as_numbers() -> None:
    assert version_key("1.10") > version_key("1.9.2")
    assert version_key("2.13.0+cpu") == version_key("2.13")
    assert version_key("v1.6.0rc1") == version_key("1.6")
    with pytest.raises(ValueError, match="not a version"):
        version_key("main")


def test_a_lifetime_answers_for_any_release() -> None:
    lifetime = Lifetime("1.2", "2.0")
    assert not lifetime.in_version("1.1.9")
    assert lifetime.in_version("1.2.0")
    assert lifetime.in_version("1.99")
    assert not lifetime.in_version("2.0")


@pytest.mark.parametrize(
    "name",
    ["transformers.TrainingArguments", "trl.SFTConfig", "trl.DPOConfig", "trl.GRPOConfig", "peft.LoraConfig"],
)
def test_fields_of_the_installed_release_are_those_that_are_bundled(name: str) -> None:
    library, _, last = name.partition(".")
    pytest.importorskip(library)
    fields = dataclasses.fields(getattr(importlib.import_module(library), last))
    installed = {package: installed_version(package) for package in SIGNATURES.releases}
    assert FACTS.signature(name, installed) == {one.name for one in fields if one.init}


@pytest.mark.parametrize(
    "name",
    [
        "trl.SFTTrainer",
        "trl.DPOTrainer",
        "transformers.Trainer",
        "accelerate.Accelerator",
        "peft.get_peft_model",
    ],
)
def test_keywords_of_the_installed_release_are_those_that_are_bundled(name: str) -> None:
    library, _, last = name.partition(".")
    pytest.importorskip(library)
    parameters = inspect.signature(getattr(importlib.import_module(library), last)).parameters.values()
    named = {one.name for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}
    assert FACTS.signature(name, installed_version(library)) == named


def test_every_method_of_the_installed_client_has_its_keywords() -> None:
    modal = pytest.importorskip("modal")
    version, compared = installed_version("modal"), 0
    for name in sorted(SIGNATURES.names):
        if not name.startswith("modal.") or name.startswith("modal.gpu"):
            continue
        found = FACTS.callable(name)
        assert found is not None
        target = modal
        for part in name.split(".")[1:]:
            target = getattr(target, part, None)
        if target is None or not found.lifetime.in_version(version) or not callable(target):
            continue
        try:
            parameters = inspect.signature(target).parameters.values()
        except ValueError:
            continue
        named = {one.name for one in parameters if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)}
        if any(one.kind is one.VAR_KEYWORD for one in parameters):
            continue  # a wrapper that hides its keywords
        assert FACTS.signature(name, version) == named - {"self", "cls"}, name
        compared += 1
    assert compared > 100


@pytest.mark.parametrize(
    "owner", ["App", "Cls", "Dict", "Function", "Image", "Queue", "Sandbox", "Secret", "Volume"]
)
def test_every_attribute_of_the_installed_client_is_known(owner: str) -> None:
    modal = pytest.importorskip("modal")
    there = {name for name in dir(getattr(modal, owner)) if not name.startswith("_")}
    known = FACTS.signatures.attributes(f"modal.{owner}", installed_version("modal"))
    assert there <= known


def test_what_the_training_libraries_removed_and_renamed() -> None:
    gone = FACTS.parameter("trl.SFTConfig", "evaluation_strategy")
    assert gone is not None
    assert gone.callable == "transformers.TrainingArguments"
    assert (gone.present, gone.renamed_to) == (False, "eval_strategy")
    assert "evaluation_strategy" in FACTS.signature("trl.SFTConfig", {"transformers": "4.45", "trl": "0.12"})
    assert "evaluation_strategy" not in FACTS.signature("trl.SFTConfig", {"transformers": "4.51"})
    moved = FACTS.parameter("trl.SFTTrainer", "max_seq_length")
    assert moved is not None
    assert moved.renamed_to == "trl.SFTConfig.max_length"
    kept = FACTS.parameter("trl.SFTConfig", "neftune_noise_alpha")
    assert kept is not None
    assert kept.present
    assert FACTS.parameter("trl.SFTConfig", "max_sequence_length") is None


def test_what_the_client_removed() -> None:
    lookup = FACTS.attribute("modal.Volume.lookup")
    assert lookup is not None
    assert lookup.removed_in == "1.2.0"
    assert FACTS.attribute("modal.Volume.batch_download") is None
    assert FACTS.signatures.knows("modal.Volume")
    assert not FACTS.signatures.knows("modal.Nothing")
    keep_warm = FACTS.parameter("modal.App.function", "keep_warm")
    assert keep_warm is not None
    assert (keep_warm.removed_in, keep_warm.renamed_to) == ("1.4.0", "min_containers")


def test_deprecations_agree_with_the_installed_client() -> None:
    modal = pytest.importorskip("modal")
    version, compared = installed_version("modal"), 0
    for entry in FACTS.deprecations:
        for name in entry.attributes:
            owner, _, last = name.rpartition(".")
            if not FACTS.signatures.knows(owner) or entry.raises == "DeprecationError":
                continue
            target = modal
            for part in owner.split(".")[1:]:
                target = getattr(target, part, None)
            if target is None:
                continue
            assert hasattr(target, last) == (not entry.refused_by(version)), (entry.id, name)
            compared += 1
        assert (entry.now is Now.RAISES) >= bool(entry.raises), entry.id
        assert entry.old, entry.id
        assert entry.new, entry.id
    assert compared > 40
    assert len({entry.id for entry in FACTS.deprecations}) == len(FACTS.deprecations)
