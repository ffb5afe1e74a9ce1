"""What each model family's tokenizer looks like from a script: special tokens and chat template.

The names of the special tokens and the form of a chat are those of the models' own
``tokenizer_config.json``; the templates are written anew and cover system, user and assistant turns.
"""

from __future__ import annotations

from dataclasses import dataclass

from tminus.facts import ModelShape


@dataclass(frozen=True, slots=True)
class TokenizerFamily:
    """Special tokens and chat template of a family.

    Attributes:
        name: For messages.
        specials: All special tokens, in the order of their ids.
        bos: Token put before every text, None for families that put none.
        eos: End of text for the base model.
        chat_eos: End of a turn for the instruction-tuned model.
        pad: Padding token, None where the family ships none (Llama, Mistral): scripts must set it.
        unk: Unknown token, None where there is none.
        chat_template: Jinja template for `apply_chat_template`.
    """

    name: str
    specials: tuple[str, ...]
    bos: str | None
    eos: str
    chat_eos: str
    pad: str | None
    unk: str | None
    chat_template: str

    def eos_for(self, model_id: str) -> str:
        """The end token of this model: instruction-tuned ones end a turn, base ones a text."""
        return self.chat_eos if is_instruction_tuned(model_id) else self.eos


def is_instruction_tuned(model_id: str) -> bool:
    """Whether a model's name says that it follows instructions, and so ships a chat template."""
    parts = model_id.lower().replace("_", "-").rsplit("/", 1)[-1].split("-")
    return bool({"instruct", "it", "chat"} & set(parts))


# Qwen, SmolLM and others: https://github.com/openai/openai-python/blob/v0.28.1/chatml.md
_CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
_LLAMA3 = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}"
    "{{ message['content'] | trim + '<|eot_id|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
_INST = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}{{ ' ' + message['content'] | trim + eos_token }}"
    "{% elif message['role'] == 'user' %}{{ '[INST] ' + message['content'] | trim + ' [/INST]' }}"
    "{% else %}{{ '[INST] ' + message['content'] | trim + ' [/INST]' + eos_token }}{% endif %}"
    "{% endfor %}"
)
_GEMMA = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' }}"
    "{{ message['content'] | trim + '<end_of_turn>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)
_PHI3 = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"
)

LLAMA3 = TokenizerFamily(
    name="Llama 3",
    specials=(
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|finetune_right_pad_id|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eom_id|>",
        "<|eot_id|>",
        "<|python_tag|>",
    ),
    bos="<|begin_of_text|>",
    eos="<|end_of_text|>",
    chat_eos="<|eot_id|>",
    pad=None,
    unk=None,
    chat_template=_LLAMA3,
)
SENTENCEPIECE_INST = TokenizerFamily(
    name="Llama 2 and Mistral",
    specials=("<unk>", "<s>", "</s>"),
    bos="<s>",
    eos="</s>",
    chat_eos="</s>",
    pad=None,
    unk="<unk>",
    chat_template=_INST,
)
QWEN = TokenizerFamily(
    name="Qwen",
    specials=("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    bos=None,
    eos="<|endoftext|>",
    chat_eos="<|im_end|>",
    pad="<|endoftext|>",
    unk=None,
    chat_template=_CHATML,
)
SMOLLM = TokenizerFamily(
    name="SmolLM",
    specials=("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    bos=None,
    eos="<|endoftext|>",
    chat_eos="<|im_end|>",
    pad="<|im_end|>",
    unk="<|endoftext|>",
    chat_template=_CHATML,
)
PHI3 = TokenizerFamily(
    name="Phi 3",
    specials=("<unk>", "<s>", "</s>", "<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>"),
    bos=None,
    eos="<|endoftext|>",
    chat_eos="<|endoftext|>",
    pad="<|endoftext|>",
    unk="<unk>",
    chat_template=_PHI3,
)
GEMMA = TokenizerFamily(
    name="Gemma",
    specials=("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
    bos="<bos>",
    eos="<eos>",
    chat_eos="<eos>",
    pad="<pad>",
    unk="<unk>",
    chat_template=_GEMMA,
)

_BY_MODEL_TYPE = {
    "qwen2": QWEN,
    "qwen3": QWEN,
    "mistral": SENTENCEPIECE_INST,
    "phi3": PHI3,
    "gemma2": GEMMA,
}
# Models of the Llama architecture carry different tokenizers; their vocabulary's size tells which.
_LLAMA_BY_VOCABULARY = {128256: LLAMA3, 32000: SENTENCEPIECE_INST, 49152: SMOLLM}

# Families that ship a chat template with the base model too.
_TEMPLATE_ALWAYS = (QWEN,)


def family_of(shape: ModelShape) -> TokenizerFamily | None:
    """The tokenizer family of a model; None if it is none of those here."""
    if shape.model_type == "llama":
        return _LLAMA_BY_VOCABULARY.get(shape.vocab_size)
    return _BY_MODEL_TYPE.get(shape.model_type)


def has_chat_template(family: TokenizerFamily, model_id: str) -> bool:
    """Whether the real model ships a chat template: a script that needs one must fail without it."""
    return family in _TEMPLATE_ALWAYS or is_instruction_tuned(model_id)
