"""What each model family's tokenizer looks like from a script: special tokens and chat template.

The names of the special tokens and the form of a chat are those of the models' own
``tokenizer_config.json``; the templates (`chat_templates`) are written anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tminus.facts import ModelShape
from tminus.rehearse.standins import chat_templates as chat


@dataclass(frozen=True, slots=True)
class TokenizerFamily:
    """Special tokens and chat template of a family.

    Attributes:
        name: For messages.
        specials: All special tokens, in the order of their ids.
        eos: End of text for the base model.
        bos: Token for the beginning of a text, None where there is none.
        chat_eos: End of a turn for the instruction-tuned model; `eos` if None.
        pad: Padding token, None where the family ships none (Llama, Mistral): scripts must set it.
        unk: Unknown token, None where there is none.
        prefix: Tokens that encoding puts before every text.
        chat_template: Jinja template for `apply_chat_template`; None where no model of the family has one.
        template_always: Whether base models ship it too.
        tuned_unless_base: Whether a name that says neither means the instruction-tuned model (Qwen 3).
    """

    name: str
    specials: tuple[str, ...]
    eos: str
    bos: str | None = None
    chat_eos: str | None = None
    pad: str | None = None
    unk: str | None = None
    prefix: tuple[str, ...] = ()
    chat_template: str | None = None
    template_always: bool = False
    tuned_unless_base: bool = False

    def eos_for(self, model_id: str) -> str:
        """The end token of this model: instruction-tuned ones end a turn, base ones a text."""
        return (self.chat_eos or self.eos) if self.tuned(model_id) else self.eos

    def template_for(self, model_id: str) -> str | None:
        """The chat template that the real model ships: a script that needs one must fail without it."""
        return self.chat_template if self.template_always or self.tuned(model_id) else None

    def tuned(self, model_id: str) -> bool:
        """Whether a model's name says that it follows instructions, and so ships a chat template."""
        parts = set(model_id.lower().replace("_", "-").rsplit("/", 1)[-1].split("-"))
        if parts & {"instruct", "it", "chat", "sft", "dpo"}:
            return True
        return self.tuned_unless_base and not parts & {"base", "pt"}


_TEXT = "<|endoftext|>"
_CHATML = (_TEXT, "<|im_start|>", "<|im_end|>")
_LLAMA3 = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|finetune_right_pad_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
)

LLAMA3 = TokenizerFamily(
    name="Llama 3",
    specials=_LLAMA3,
    bos="<|begin_of_text|>",
    eos="<|end_of_text|>",
    chat_eos="<|eot_id|>",
    prefix=("<|begin_of_text|>",),
    chat_template=chat.LLAMA3,
)
SENTENCEPIECE_INST = TokenizerFamily(
    name="Llama 2 and Mistral",
    specials=("<unk>", "<s>", "</s>"),
    bos="<s>",
    eos="</s>",
    unk="<unk>",
    prefix=("<s>",),
    chat_template=chat.INST,
)
TINYLLAMA = replace(SENTENCEPIECE_INST, name="TinyLlama", pad="</s>", chat_template=chat.ZEPHYR)
QWEN = TokenizerFamily(
    name="Qwen",
    specials=_CHATML,
    eos=_TEXT,
    chat_eos="<|im_end|>",
    pad=_TEXT,
    chat_template=chat.CHATML,
    template_always=True,
)
QWEN3 = replace(QWEN, name="Qwen 3", tuned_unless_base=True)
SMOLLM = TokenizerFamily(
    name="SmolLM",
    specials=_CHATML,
    eos=_TEXT,
    chat_eos="<|im_end|>",
    pad="<|im_end|>",
    unk=_TEXT,
    chat_template=chat.CHATML,
)
SMOLLM3 = TokenizerFamily(
    name="SmolLM 3",
    specials=(*_LLAMA3, "<|im_start|>", "<|im_end|>"),
    bos="<|begin_of_text|>",
    eos="<|end_of_text|>",
    chat_eos="<|im_end|>",
    pad="<|im_end|>",
    chat_template=chat.CHATML,
    tuned_unless_base=True,
)
PHI2 = TokenizerFamily(name="Phi 1 and 2", specials=(_TEXT,), bos=_TEXT, eos=_TEXT, unk=_TEXT)
PHI3 = TokenizerFamily(
    name="Phi 3",
    specials=("<unk>", "<s>", "</s>", _TEXT, "<|assistant|>", "<|system|>", "<|end|>", "<|user|>"),
    eos=_TEXT,
    pad=_TEXT,
    unk="<unk>",
    chat_template=chat.PHI3,
)
PHI4 = TokenizerFamily(
    name="Phi 4",
    specials=(*_CHATML, "<|im_sep|>", "<|dummy_85|>"),
    bos=_TEXT,
    eos="<|im_end|>",
    pad="<|dummy_85|>",
    unk=_TEXT,
    chat_template=chat.PHI4,
    tuned_unless_base=True,
)
PHI4_MINI = TokenizerFamily(
    name="Phi 4 mini",
    specials=(_TEXT, "<|assistant|>", "<|system|>", "<|end|>", "<|user|>"),
    bos=_TEXT,
    eos=_TEXT,
    pad=_TEXT,
    unk=_TEXT,
    chat_template=chat.PHI4_MINI,
)
GEMMA = TokenizerFamily(
    name="Gemma",
    specials=("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
    bos="<bos>",
    eos="<eos>",
    pad="<pad>",
    unk="<unk>",
    prefix=("<bos>",),
    chat_template=chat.GEMMA,
)
GEMMA3 = replace(GEMMA, name="Gemma 3", chat_template=chat.GEMMA3)
GEMMA3_IMAGES = replace(
    GEMMA3,
    name="Gemma 3 with images",
    specials=(*GEMMA3.specials, "<start_of_image>", "<end_of_image>", "<image_soft_token>"),
)
GPT_OSS = TokenizerFamily(
    name="GPT-OSS",
    specials=(
        "<|startoftext|>",
        _TEXT,
        "<|return|>",
        "<|constrain|>",
        "<|channel|>",
        "<|start|>",
        "<|end|>",
        "<|message|>",
        "<|call|>",
    ),
    bos="<|startoftext|>",
    eos="<|return|>",
    pad=_TEXT,
    chat_template=chat.HARMONY,
    tuned_unless_base=True,
)
_DEEPSEEK = ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>")
DEEPSEEK = TokenizerFamily(
    name="DeepSeek V3 and R1",
    specials=(*_DEEPSEEK, "<｜User｜>", "<｜Assistant｜>"),
    bos=_DEEPSEEK[0],
    eos=_DEEPSEEK[1],
    pad=_DEEPSEEK[1],
    prefix=_DEEPSEEK[:1],
    chat_template=chat.DEEPSEEK,
    tuned_unless_base=True,
)
DEEPSEEK2 = replace(
    DEEPSEEK,
    name="DeepSeek V2",
    specials=_DEEPSEEK,
    chat_template=chat.DEEPSEEK2,
    tuned_unless_base=False,
)
YI = TokenizerFamily(
    name="Yi",
    specials=("<unk>", "<|startoftext|>", *_CHATML),
    bos="<|startoftext|>",
    eos=_TEXT,
    chat_eos="<|im_end|>",
    pad="<unk>",
    unk="<unk>",
    chat_template=chat.CHATML,
)
FALCON = TokenizerFamily(name="Falcon", specials=(_TEXT,), eos=_TEXT, chat_template=chat.FALCON)
FALCON3 = TokenizerFamily(
    name="Falcon 3",
    specials=(_TEXT, "<|pad|>"),
    eos=_TEXT,
    pad="<|pad|>",
    chat_template=chat.TURNS_ON_LINES,
)
GPT2 = TokenizerFamily(name="GPT-2 and StarCoder 2", specials=(_TEXT,), bos=_TEXT, eos=_TEXT, unk=_TEXT)
PYTHIA = replace(GPT2, name="Pythia and StableLM")
OLMO = TokenizerFamily(name="OLMo", specials=("<|padding|>", _TEXT), eos=_TEXT, pad="<|padding|>")
OLMO2 = TokenizerFamily(
    name="OLMo 2",
    specials=(_TEXT, "<|pad|>"),
    bos=_TEXT,
    eos=_TEXT,
    pad="<|pad|>",
    unk=_TEXT,
    chat_template=chat.TURNS_ON_LINES,
)
GRANITE = TokenizerFamily(
    name="Granite",
    specials=("<|end_of_text|>", "<|start_of_role|>", "<|end_of_role|>", "<|tool_call|>"),
    bos="<|end_of_text|>",
    eos="<|end_of_text|>",
    pad="<|end_of_text|>",
    unk="<|end_of_text|>",
    chat_template=chat.GRANITE,
)
GLM = TokenizerFamily(
    name="GLM 4",
    specials=(_TEXT, "[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"),
    eos=_TEXT,
    pad=_TEXT,
    prefix=("[gMASK]", "<sop>"),
    chat_template=chat.GLM,
)
COHERE = TokenizerFamily(
    name="Cohere",
    specials=(
        "<PAD>",
        "<UNK>",
        "<BOS_TOKEN>",
        "<|START_OF_TURN_TOKEN|>",
        "<|END_OF_TURN_TOKEN|>",
        "<|USER_TOKEN|>",
        "<|CHATBOT_TOKEN|>",
        "<|SYSTEM_TOKEN|>",
    ),
    bos="<BOS_TOKEN>",
    eos="<|END_OF_TURN_TOKEN|>",
    pad="<PAD>",
    unk="<UNK>",
    prefix=("<BOS_TOKEN>",),
    chat_template=chat.COHERE,
    template_always=True,
)

# Names that say more than the architecture does.
_BY_NAME = {
    "deepseek-ai/deepseek-r1-distill-": DEEPSEEK,
    "tinyllama/": TINYLLAMA,
    "qwen/qwq-": QWEN3,
}
_BY_MODEL_TYPE = {
    "qwen2": QWEN,
    "qwen2_moe": QWEN,
    "qwen3": QWEN3,
    "qwen3_moe": QWEN3,
    "mistral": SENTENCEPIECE_INST,
    "mixtral": SENTENCEPIECE_INST,
    "smollm3": SMOLLM3,
    "phi": PHI2,
    "phimoe": PHI3,
    "gemma": GEMMA,
    "gemma2": GEMMA,
    "gemma3_text": GEMMA3,
    "gemma3": GEMMA3_IMAGES,
    "gpt_oss": GPT_OSS,
    "deepseek_v2": DEEPSEEK2,
    "deepseek_v3": DEEPSEEK,
    "falcon": FALCON,
    "olmo": OLMO,
    "olmo2": OLMO2,
    "starcoder2": GPT2,
    "gpt2": GPT2,
    "gpt_neox": PYTHIA,
    "stablelm": PYTHIA,
    "granite": GRANITE,
    "granitemoe": GRANITE,
    "glm": GLM,
    "cohere": COHERE,
}
# Models of these architectures carry different tokenizers; their vocabulary's size tells which.
_BY_VOCABULARY = {
    ("llama", 128256): LLAMA3,
    ("llama", 32000): SENTENCEPIECE_INST,
    ("llama", 32016): SENTENCEPIECE_INST,
    ("llama", 49152): SMOLLM,
    ("llama", 64000): YI,
    ("llama", 131072): FALCON3,
    ("phi3", 32064): PHI3,
    ("phi3", 100352): PHI4,
    ("phi3", 200064): PHI4_MINI,
}


def family_of(shape: ModelShape) -> TokenizerFamily | None:
    """The tokenizer family of a model; None if it is none of those here."""
    for beginning, family in _BY_NAME.items():
        if shape.id.lower().startswith(beginning):
            return family
    return _BY_VOCABULARY.get((shape.model_type, shape.vocab_size)) or _BY_MODEL_TYPE.get(shape.model_type)
