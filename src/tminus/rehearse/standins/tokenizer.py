"""A byte-level BPE tokenizer trained on the spot, with a family's special tokens and chat template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tminus.rehearse.standins.families import TokenizerFamily


def train_tokenizer(
    family: TokenizerFamily, model_id: str, corpus: Iterable[str], *, size: int, context: int
) -> Any:
    """Train a tokenizer.

    Args:
        family: Whose special tokens and chat template it gets.
        model_id: The model that it belongs to; instruction-tuned ones end a turn with another token.
        corpus: Texts to learn merges from.
        size: Entries of the vocabulary, special tokens included.
        context: `model_max_length`, in tokens.

    Returns:
        A `transformers.PreTrainedTokenizerFast`. Like the real one it puts the family's first tokens before
        every text, and encodes any string without loss.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(family.specials),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(corpus, trainer)
    if family.prefix:
        bpe.post_processor = processors.TemplateProcessing(
            single=[*family.prefix, "$A"],
            pair=[*family.prefix, "$A", *family.prefix, "$B"],
            special_tokens=[(token, bpe.token_to_id(token)) for token in family.prefix],
        )
    named = {"bos_token": family.bos, "pad_token": family.pad, "unk_token": family.unk}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=family.eos_for(model_id),
        model_max_length=context,
        clean_up_tokenization_spaces=False,
        **{name: token for name, token in named.items() if token is not None},
    )
    template = family.template_for(model_id)
    if template is not None:
        tokenizer.chat_template = template
    return tokenizer
