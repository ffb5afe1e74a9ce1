"""The byte counts of activations and loss, against what PyTorch and transformers really keep."""

import json
import weakref
from dataclasses import replace

import pytest

from tminus.estimate import TrainingJob
from tminus.estimate.activations import logits_bytes, saved_layer_bytes
from tminus.estimate.job import LINEAR_MODULES
from tminus.facts import ModelShape
from tminus.facts.configs import shape_of_config

HIDDEN, WIDTH, LAYERS, HEADS, KV_HEADS, VOCAB = 256, 896, 3, 8, 2, 512
BATCH, SEQ_LEN = 2, 96
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
SHAPE = ModelShape(
    id="small",
    architecture="LlamaForCausalLM",
    model_type="llama",
    hidden_size=HIDDEN,
    layers=LAYERS,
    heads=HEADS,
    kv_heads=KV_HEADS,
    head_dim=HIDDEN // HEADS,
    intermediate_size=WIDTH,
    vocab_size=VOCAB,
    tied_embeddings=False,
    attention_bias=False,
    context=SEQ_LEN,
    gated=False,
)


def saved_bytes_of_a_layer(method, targets, attention):
    """Bytes that autograd keeps for one decoder layer, parameters not counted."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("peft")
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=HIDDEN, intermediate_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS, vocab_size=VOCAB, attn_implementation=attention, use_cache=False,
    )  # fmt: skip
    model = LlamaForCausalLM(config).to(torch.bfloat16)
    decoder = model.model
    if method == "lora":
        model = get_peft_model(model, LoraConfig(r=8, target_modules=list(targets), lora_dropout=0.0))
        model.enable_input_require_grads()
    model.train()
    ids = torch.randint(0, VOCAB, (BATCH, SEQ_LEN))
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    sizes: dict[int, int] = {}
    inside = False

    def enter(*_):
        nonlocal inside
        inside = True

    def leave(*_):
        nonlocal inside
        inside = False

    def keep(tensor):
        storage = tensor.untyped_storage()
        if inside and storage.data_ptr() not in parameters:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    decoder.layers[1].register_forward_pre_hook(enter)
    decoder.layers[1].register_forward_hook(leave)
    with (
        torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=method == "lora"),
    ):
        model(ids, labels=ids)
    return sum(sizes.values())


@pytest.mark.parametrize(
    ("method", "targets", "attention"),
    [
        ("full", LINEAR_MODULES, "sdpa"),
        ("full", LINEAR_MODULES, "eager"),
        ("lora", LINEAR_MODULES, "sdpa"),
        ("lora", ATTENTION, "sdpa"),
    ],
)
def test_a_layer_keeps_what_autograd_keeps(method, targets, attention):
    job = TrainingJob(
        model=SHAPE,
        method=method,
        seq_len=SEQ_LEN,
        rows=1,
        global_batch=BATCH,
        lora_r=8,
        lora_targets=targets,
        attention=attention,
    )
    measured = saved_bytes_of_a_layer(method, targets, attention)
    assert saved_layer_bytes(job, BATCH) == pytest.approx(measured, rel=0.04)


def test_the_stock_loss_peaks_at_twelve_bytes_a_logit():
    """transformers' loss on bf16 logits, forward and backward, every storage counted while it lives."""
    torch = pytest.importorskip("torch")
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_iter
    from transformers.loss.loss_utils import ForCausalLMLoss

    class LiveBytes(TorchDispatchMode):
        def __init__(self):
            super().__init__()
            self.sizes, self.now, self.peak = {}, 0, 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            for tensor in tree_iter(out):
                if isinstance(tensor, torch.Tensor):
                    storage = tensor.untyped_storage()
                    if storage._cdata not in self.sizes:
                        self.sizes[storage._cdata] = storage.nbytes()
                        self.now += storage.nbytes()
                        self.peak = max(self.peak, self.now)
                        weakref.finalize(storage, self.drop, storage._cdata)
            return out

        def drop(self, key):
            self.now -= self.sizes.pop(key, 0)

    tokens, vocab, hidden = 256, 4096, 64
    states = torch.randn(1, tokens, hidden, dtype=torch.bfloat16, requires_grad=True)
    head = torch.randn(vocab, hidden, dtype=torch.bfloat16)
    labels = torch.randint(0, vocab, (1, tokens))
    with LiveBytes() as live:
        # In one expression, as the Trainer lets go of the model's outputs before the backward pass.
        ForCausalLMLoss(states @ head.t(), labels, vocab).backward()
    shape = replace(SHAPE, vocab_size=vocab, hidden_size=hidden)
    job = TrainingJob(model=shape, method="lora", seq_len=tokens, rows=1, global_batch=1)
    # The rest is the head, whose transposed product the backward pass copies.
    assert live.peak / (tokens * vocab) == pytest.approx(12, abs=0.7)
    assert logits_bytes(job, 1) == pytest.approx(live.peak, rel=0.06)


@pytest.mark.parametrize(
    ("family", "extra"),
    [("qwen3", {}), ("gemma3_text", {}), ("mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2})],
)
def test_other_families_keep_what_autograd_keeps(family, extra):
    """A layer of a full fine-tune: norms of queries and keys, Gemma's norms, and experts."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.AutoConfig.for_model(
        family, hidden_size=HIDDEN, intermediate_size=WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=HIDDEN // HEADS, vocab_size=VOCAB,
        pad_token_id=0, attn_implementation="sdpa", use_cache=False, **extra,
    )  # fmt: skip
    model = transformers.AutoModelForCausalLM.from_config(config).to(torch.bfloat16).train()
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    sizes, inside = {}, []

    def keep(tensor):
        storage = tensor.untyped_storage()
        if inside and storage.data_ptr() not in parameters:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    model.model.layers[1].register_forward_pre_hook(lambda *_: inside.append(True))
    model.model.layers[1].register_forward_hook(lambda *_: inside.clear())
    ids = torch.randint(0, VOCAB, (BATCH, SEQ_LEN))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(ids, labels=ids)
    shape = shape_of_config(json.loads(config.to_json_string(use_diff=False)), family)
    job = TrainingJob(model=shape, method="full", seq_len=SEQ_LEN, rows=1, global_batch=BATCH)
    expected = saved_layer_bytes(job, BATCH, sparse=shape.experts is not None)
    assert expected == pytest.approx(sum(sizes.values()), rel=0.04)
