"""Accelerate without a Trainer: a language model, its state saved as a whole, and the data gone on with."""

import shutil
from pathlib import Path

import modal

app = modal.App("accelerate-loop")
image = modal.Image.debian_slim().pip_install(
    "torch==2.13.0", "accelerate==1.15.0", "transformers==5.23.0", "datasets==5.2.0"
)
runs = modal.Volume.from_name("runs", create_if_missing=True)

FOLDER = Path("/runs/accelerate")
EVERY = 4


@app.function(
    image=image,
    gpu="A100-80GB",
    volumes={"/runs": runs},
    timeout=6 * 3600,
    retries=modal.Retries(max_retries=3, initial_delay=0.0),
)
def train():
    import torch
    from accelerate import Accelerator
    from accelerate.utils import set_seed
    from datasets import load_dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer

    set_seed(3)
    accelerator = Accelerator(mixed_precision="bf16")
    name = "HuggingFaceTB/SmolLM2-135M"
    tokenizer = AutoTokenizer.from_pretrained(name)
    model = AutoModelForCausalLM.from_pretrained(name)
    rows = load_dataset("tatsu-lab/alpaca", split="train")

    def collate(batch):
        texts = [row["text"] for row in batch]
        return tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=64)

    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    loader = torch.utils.data.DataLoader(rows, batch_size=16, collate_fn=collate)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)

    saved = sorted(FOLDER.glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")))
    done = 0
    if saved:
        accelerator.load_state(saved[-1])
        done = int(saved[-1].name.removeprefix("step-"))
    for step, batch in enumerate(accelerator.skip_first_batches(loader, done), start=done + 1):
        loss = model(**batch, labels=batch["input_ids"]).loss
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        if step % EVERY == 0:
            aside = FOLDER / ".new"
            shutil.rmtree(aside, ignore_errors=True)
            accelerator.save_state(aside)
            aside.rename(FOLDER / f"step-{step}")
            runs.commit()


@app.local_entrypoint()
def main():
    train.remote()
