"""Secrets reach containers and nothing else."""

from __future__ import annotations

import pytest
from conftest import running_plane

from tminus.controlplane.redaction import RedactedStream, Redactor, secret_values

pytestmark = pytest.mark.slow
VALUE = "hf_0123456789abcdef"


def test_a_known_secret_is_in_the_environment_and_in_no_record(tmp_path):
    with running_plane(tmp_path / "state", secrets={"huggingface-secret": {"HF_TOKEN": VALUE}}) as plane:
        code, output = plane.run("secret.py")
    assert code == 0, output
    assert f"result: {len(VALUE)}" in output
    assert "token is [secret]" in output
    assert VALUE not in output
    for path in (tmp_path / "state").rglob("*"):
        if path.is_file():
            assert VALUE.encode() not in path.read_bytes(), path
    assert not any(VALUE in str(event) for event in plane.plane.events())


def test_values_are_found_where_they_are_cut_in_two_and_within_lists():
    redactor = Redactor()
    redactor.hide([VALUE, VALUE[:8], "short"])
    stream = RedactedStream(redactor)
    pieces = ["token ", VALUE[:5], VALUE[5:12], f"{VALUE[12:]} and hf", "_other", "wise hf_01"]
    assert "".join(map(stream.feed, pieces)) + stream.end() == "token [secret] and hf_otherwise hf_01"
    assert redactor.anything({"a": [VALUE, ("x", 1)], VALUE: None}) == {
        "a": ["[secret]", ["x", 1]],
        "[secret]": None,
    }
    assert redactor.text("short") == "short"


def test_what_a_script_makes_itself_is_secret_where_its_name_says_so():
    values = {"WANDB_API_KEY": "key", "PASSWORD": "word", "MODEL": "gpt2", "EPOCHS": "3"}
    assert secret_values(values, named=False) == ["key", "word"]
    assert secret_values(values, named=True) == list(values.values())


def test_a_secret_without_a_required_key_is_refused(tmp_path):
    with running_plane(tmp_path / "state", secrets={"huggingface-secret": {"TOKEN": VALUE}}) as plane:
        code, output = plane.run("secret.py")
        assert code == 1
        assert "HF_TOKEN" in output
        assert [e.fields["keys"] for e in plane.events("secret_missing")] == [["HF_TOKEN"]]


def test_an_unknown_secret_is_not_found_or_stood_in_for(tmp_path):
    with running_plane(tmp_path / "one") as plane:
        code, output = plane.run("secret.py")
        assert code == 1
        assert "'huggingface-secret' not found" in output
        assert plane.events("secret_missing")
    with running_plane(tmp_path / "two", stand_in_secrets=True) as plane:
        code, output = plane.run("secret.py")
        assert code == 0, output
        assert [e.fields["keys"] for e in plane.events("secret_stood_in")] == [["HF_TOKEN"]]
