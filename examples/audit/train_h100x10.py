"""Fine-tune Llama-3.1-8B on Modal with QLoRA, on 10 H100 GPUs.

Hardware: 10 x H100 = 800 GB of VRAM in one container.
Cost: about 4 hours on 10 GPUs at $3.10 per GPU and hour, so about $125.

    modal run train_h100x10.py
"""

import modal
import modal.experimental

MODEL = "meta-llama/Llama-3.1-8B"
DATASET = "tatsu-lab/alpaca"
DATASET_SIZE = 52002
EPOCHS = 3

NUM_GPUS = 10
MICRO_BATCH = 4
GRADIENT_ACCUMULATION = 4
# 4 x 4 on 10 GPUs: an effective batch of 160.
EFFECTIVE_BATCH = MICRO_BATCH * GRADIENT_ACCUMULATION * NUM_GPUS

# Ten checkpoints over the run.
TOTAL_STEPS = DATASET_SIZE // EFFECTIVE_BATCH
SAVE_STEPS = max(1, TOTAL_STEPS // 10)

image = (
    modal.Image.debian_slim(python_version="3.11")
    .pip_install(
        "torch==2.9.1",
        "transformers==4.57.1",
        "trl==0.25.1",
        "peft==0.18.0",
        "bitsandbytes==0.48.2",
        "datasets==4.4.1",
        "accelerate==1.11.0",
    )
    .env({"PYTORCH_ALLOC_CONF": "expandable_segments:True"})
)

app = modal.App("llama-h100x10", image=image)
volume = modal.Volume.from_name("llama-checkpoints", create_if_missing=True)


def fine_tune(output_dir: str):
    """QLoRA with TRL; the adapter and the checkpoints go to `output_dir`."""
    import torch
    from datasets import load_dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig
    from trl import SFTConfig, SFTTrainer

    model = AutoModelForCausalLM.from_pretrained(
        MODEL,
        quantization_config=BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_compute_dtype=torch.bfloat16,
        ),
    )
    trainer = SFTTrainer(
        model=model,
        processing_class=AutoTokenizer.from_pretrained(MODEL),
        train_dataset=load_dataset(DATASET, split="train"),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
        args=SFTConfig(
            output_dir=output_dir,
            num_train_epochs=EPOCHS,
            per_device_train_batch_size=MICRO_BATCH,
            gradient_accumulation_steps=GRADIENT_ACCUMULATION,
            max_length=2048,
            bf16=True,
            save_steps=SAVE_STEPS,
        ),
    )
    trainer.train()
    trainer.save_model(f"{output_dir}/final")


@app.function(
    gpu="H100:10",
    volumes={"/checkpoints": volume},
    secrets=[modal.Secret.from_name("huggingface-secret")],
    timeout=6 * 60 * 60,
)
def train():
    fine_tune("/checkpoints/llama-3.1-8b")
    volume.commit()


# The same on two machines: 2 x 5 GPUs.
@app.function(
    gpu="H100:5",
    volumes={"/checkpoints": volume},
    secrets=[modal.Secret.from_name("huggingface-secret")],
    timeout=6 * 60 * 60,
)
@modal.experimental.clustered(size=2)
def train_on_two_nodes():
    fine_tune("/checkpoints/llama-3.1-8b-2x5")
    volume.commit()


@app.local_entrypoint()
def main():
    train.remote()
