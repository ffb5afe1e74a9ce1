"""Fine-tune Llama-3.1-8B with QLoRA on 2 containers of 8 H100 GPUs, 16 in all.

The same training as finetune_llama.py: same global batch, same order of rows, same checkpoints. A preemption
of either container restarts both, and they go on from the newest complete checkpoint on the volume.

    tminus plan examples/finetune_llama_cluster.py
    tminus rehearse examples/finetune_llama_cluster.py --preempt 1
    modal run --detach examples/finetune_llama_cluster.py
"""

import math

import modal

MODEL = "meta-llama/Llama-3.1-8B"
DATASET = "tatsu-lab/alpaca"
EPOCHS = 3
NODES = 2
GPUS = 8
MICRO_BATCH = 4
GLOBAL_BATCH = 64
CHECKPOINTS = 10
OUTPUT = "/data/runs/llama-3.1-8b-alpaca-2x8"

image = (
    # RDMA needs libcudart, libibverbs and libmlx5, which this base and the two packages bring.
    modal.Image.from_registry("nvidia/cuda:13.0.1-devel-ubuntu24.04", add_python="3.12")
    .apt_install("libibverbs1", "ibverbs-providers")
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
    .env({"PYTORCH_ALLOC_CONF": "expandable_segments:True", "HF_HOME": "/data/huggingface"})
    # With its data files: without `ignore`, only files of Python are sent.
    .add_local_python_source("tminus", ignore=["**/__pycache__/**"])
)

app = modal.App("llama-3.1-8b-qlora-2x8", image=image)
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
@modal.clustered(size=NODES, rdma=True)
def fine_tune() -> dict:
    """Train on the GPUs of this container as one host of the cluster; rank 0's result is returned."""
    from datasets import load_dataset

    from tminus.train import TrainConfig, torchrun

    cluster = modal.Cluster.from_context()
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
    return torchrun(
        config,
        nproc_per_node=GPUS,
        nnodes=NODES,
        node_rank=cluster.container_rank(),
        master_addr=cluster.container_ips()[0],
    ).to_dict()


@app.local_entrypoint()
def main():
    """Start the run so that it outlives this terminal, and wait for its result."""
    call = fine_tune.spawn()
    print(f"started {call.object_id}")
    result = call.get()
    print(
        f"{result['status']}: {result['steps']} steps, loss {result['first_loss']} -> {result['last_loss']}"
    )
