"""Fine-tune Llama-3.1-8B with QLoRA on one container of 8 H100 GPUs.

Whatever interrupts it (a preemption, a timeout, a crash), the next attempt goes on from the newest complete
checkpoint on the volume, with the same losses as if nothing had happened.

    tminus check examples/finetune_llama.py              # what is wrong with it, before paying
    tminus plan examples/finetune_llama.py               # does it fit, how long, how much
    tminus rehearse examples/finetune_llama.py --preempt 1
    modal run --detach examples/finetune_llama.py        # the real thing
"""

import math

import modal

MODEL = "meta-llama/Llama-3.1-8B"
DATASET = "tatsu-lab/alpaca"
EPOCHS = 3
GPUS = 8
MICRO_BATCH = 4
GLOBAL_BATCH = 64
CHECKPOINTS = 10
OUTPUT = "/data/runs/llama-3.1-8b-alpaca"

image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install(
        "torch==2.13.0",
        "transformers==5.23.0",
        "trl==1.16.0",
        "peft==0.21.2",
        "accelerate==1.15.0",
        "datasets==5.2.0",
        "bitsandbytes==0.50.2",
        "rich==15.0.0",
        "modal==1.6.4",  # the ranks commit the volume themselves
    )
    # In the image's environment it is set before any process imports torch. The cache of models on the volume
    # saves a download of 16 GB at every start.
    .env({"PYTORCH_ALLOC_CONF": "expandable_segments:True", "HF_HOME": "/data/huggingface"})
    # With its data files: without `ignore`, only files of Python are sent.
    .add_local_python_source("tminus", ignore=["**/__pycache__/**"])
)

app = modal.App("llama-3.1-8b-qlora", image=image)
volume = modal.Volume.from_name("noesis-training-data", create_if_missing=True)


@app.function(
    gpu=f"H100:{GPUS}",
    cpu=16,
    memory=64 * 1024,  # MiB
    volumes={"/data": volume},
    secrets=[modal.Secret.from_name("huggingface-secret", required_keys=["HF_TOKEN"])],
    timeout=21600,
    retries=modal.Retries(max_retries=3, initial_delay=1.0),
    single_use_containers=True,
)
def fine_tune() -> dict:
    """Train on all GPUs of this container, resuming from the volume, and return the result."""
    from datasets import load_dataset

    from tminus.train import TrainConfig, torchrun

    rows = len(load_dataset(DATASET, split="train"))
    total_steps = math.ceil(rows * EPOCHS / GLOBAL_BATCH)
    config = TrainConfig(
        model=MODEL,
        method="qlora",
        dataset=DATASET,
        output_dir=OUTPUT,
        epochs=EPOCHS,
        global_batch=GLOBAL_BATCH,
        micro_batch=MICRO_BATCH,
        seq_len=2048,
        learning_rate=2e-4,
        lora_r=16,
        lora_alpha=32,
        save_every=max(1, total_steps // CHECKPOINTS),
        volume="noesis-training-data",
    )
    return torchrun(config, nproc_per_node=GPUS).to_dict()


@app.local_entrypoint()
def main():
    """Start the run so that it outlives this terminal, and wait for its result."""
    call = fine_tune.spawn()
    print(f"started {call.object_id}")
    result = call.get()
    print(
        f"{result['status']}: {result['steps']} steps, loss {result['first_loss']} -> {result['last_loss']}"
    )
