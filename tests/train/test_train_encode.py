"""What is learned, told on tokens: turns, completions, ends, and the chat templates that people use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Tiny

from tminus.train import DataError, TrainConfig
from tminus.train.chat import chat_template
from tminus.train.encode import IGNORED, Encoded, Encoder
from tminus.train.rows import BadRow, Example, recognise

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "How many?"},
    {"role": "assistant", "content": "Three, I think."},
    {"role": "user", "content": "Sure?"},
    {"role": "assistant", "content": "  Yes.  "},
]

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TAGGED = CHATML.replace(
    "{{ m['content'] }}<|im_end|>",
    "{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}<|im_end|>{% endgeneration %}"
    "{% else %}{{ m['content'] }}<|im_end|>{% endif %}",
)


@pytest.fixture(scope="module")
def tokenizer(tiny: Tiny) -> Any:
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(tiny.model)
    loaded.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    return loaded


def learned(
    tokenizer: Any, config: TrainConfig, row: dict[str, Any], template: str | None = None
) -> list[str]:
    """The texts of the learned runs of tokens, as decoded from their labels."""
    encoder = Encoder(config, tokenizer, recognise(row, "d"), chat_template(tokenizer, template))
    (encoded,) = encoder.encode([row])
    assert isinstance(encoded, Encoded), encoded
    runs: list[list[int]] = [[]]
    for token, label in zip(encoded.input_ids, encoded.labels, strict=True):
        if label == IGNORED:
            runs.append([])
        else:
            assert label == token
            runs[-1].append(token)
    return [tokenizer.decode(run) for run in runs if run]


def config(tiny: Tiny, **changes: Any) -> TrainConfig:
    return tiny.config(Path("unused"), **{"seq_len": 128, **changes})


@pytest.mark.parametrize("template", [CHATML, TAGGED], ids=["without tags", "with tags"])
def test_only_the_assistants_turns_are_learned_with_their_ends(
    tiny: Tiny, tokenizer: Any, template: str
) -> None:
    row = {"messages": CHAT}
    turns = ["Three, I think.<|im_end|>", "  Yes.  <|im_end|>"]
    assert learned(tokenizer, config(tiny), row, template) == turns
    assert learned(tokenizer, config(tiny, loss_on="completion"), row, template) == turns[1:]
    (everything,) = learned(tokenizer, config(tiny, loss_on="all"), row, template)
    assert "How many?" in everything


def test_a_completion_of_messages_is_learned_and_its_prompt_is_not(tiny: Tiny, tokenizer: Any) -> None:
    row = {"prompt": CHAT[:4], "completion": CHAT[4:]}
    assert learned(tokenizer, config(tiny), row, CHATML) == ["  Yes.  <|im_end|>"]


def test_plain_rows_are_learned_to_their_end(tiny: Tiny, tokenizer: Any) -> None:
    assert learned(tokenizer, config(tiny), {"prompt": "count:", "completion": " 1 2"}) == [" 1 2</s>"]
    row = {"prompt": "count:", "completion": " 1 2"}
    assert learned(tokenizer, config(tiny, loss_on="all"), row) == [": 1 2</s>"]
    # The first token, which is nobody's prediction, is not.
    assert learned(tokenizer, config(tiny), {"text": "count from"}) == [" from</s>"]


def test_a_template_that_drops_earlier_reasoning_is_told_apart_or_the_row_is_refused(
    tiny: Tiny, tokenizer: Any
) -> None:
    dropping = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
        "{% if loop.last and m['role'] == 'assistant' %}thinking {% endif %}"
        "{{ m['content'] }}<|im_end|>\n{% endfor %}"
    )
    template = chat_template(tokenizer, dropping)
    assert template is not None
    assert "fails for earlier turns" in template.notice
    encoder = Encoder(config(tiny), tokenizer, recognise(["messages"], "d"), template)
    several, one = encoder.encode([{"messages": CHAT}, {"messages": CHAT[:3]}])
    assert isinstance(several, BadRow)
    assert "message 3 cannot be told apart" in str(several)
    assert isinstance(one, Encoded)


STOCK = (
    "llama3", "llama3_1", "llama3_2", "qwen2_5", "qwen3", "qwen3_instruct_2507", "gemma", "gemma3", "phi3",
    "phi3_5", "deepseekv3", "cohere2", "gptoss", "lfm2", "glm4moe",
)  # fmt: skip


@pytest.mark.parametrize("name", STOCK)
def test_stock_templates_learn_the_answers_and_nothing_that_was_asked(
    tiny: Tiny, tokenizer: Any, name: str
) -> None:
    """None of these has generation tags: the mask that tools make of them is all zero."""
    import trl

    chat = CHAT[1:]
    template = (Path(trl.__file__).parent / "chat_templates" / f"{name}.jinja").read_text()
    assert "generation %}" not in template
    tokenizer.chat_template = template
    try:
        runs = learned(tokenizer, config(tiny, seq_len=4096), {"messages": chat})
    finally:
        tokenizer.chat_template = None
    assert len(runs) == 2
    assert "Three, I think." in runs[0]
    assert "Yes." in runs[1]
    assert not any("How many" in run or "Sure" in run for run in runs)


def test_cut_rows_learn_what_is_left_and_say_when_nothing_is(tiny: Tiny, tokenizer: Any) -> None:
    row = {"prompt": "count from 3 to 9 and on", "completion": " 3 4 5 6 7 8 9"}
    schema = recognise(row, "d")
    whole = Encoder(config(tiny), tokenizer, schema, None).encode([row])[0]
    assert isinstance(whole, Encoded)
    first = next(index for index, label in enumerate(whole.labels) if label != IGNORED)
    cut = Encoder(config(tiny, seq_len=first + 2), tokenizer, schema, None).encode([row])[0]
    assert isinstance(cut, Encoded)
    assert cut.labels == whole.labels[: first + 2]
    assert cut.full_length == len(whole.input_ids)
    none = Encoder(config(tiny, seq_len=first), tokenizer, schema, None).encode([row])[0]
    assert isinstance(none, BadRow)
    assert f"no token to learn from within {first} tokens" in str(none)


def test_a_bad_row_says_why_and_the_others_are_encoded(tiny: Tiny, tokenizer: Any) -> None:
    template = chat_template(tokenizer, CHATML)
    encoder = Encoder(config(tiny), tokenizer, recognise(["messages"], "d"), template)
    asked = {"messages": CHAT[:2]}
    bad, good = encoder.encode([asked, {"messages": CHAT}])
    assert str(bad) == "it has no turn of the assistant that could be learned"
    assert isinstance(good, Encoded)
    raising = chat_template(tokenizer, "{{ raise_exception('no system here') }}")
    (refused,) = Encoder(config(tiny), tokenizer, recognise(["messages"], "d"), raising).encode([asked])
    assert isinstance(refused, BadRow)


@pytest.mark.parametrize(
    ("row", "changes", "says"),
    [
        ({"messages": CHAT}, {}, "chat_template: the tokenizer of .* has none"),
        ({"text": "a"}, {"loss_on": "assistant"}, "plain texts without turns"),
        ({"text": "a"}, {"loss_on": "completion"}, "plain texts. Set it to all"),
    ],
)
def test_what_cannot_be_is_refused_before_reading(
    tiny: Tiny, tokenizer: Any, row: dict[str, Any], changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        Encoder(config(tiny, **changes), tokenizer, recognise(row, "d"), None)


def test_tools_and_their_calls_are_rendered(tiny: Tiny, tokenizer: Any) -> None:
    template = chat_template(tokenizer, "{{ tools | tojson if tools else '' }}" + CHATML)
    assert template is not None
    tools = json.dumps([{"type": "function", "function": {"name": "add"}}])
    example = recognise(["messages"], "d").read({"messages": CHAT, "tools": tools}, chat=True)
    assert '"name": "add"' in template.render(CHAT, example)
    assert "function" not in template.render(CHAT, Example(CHAT))
