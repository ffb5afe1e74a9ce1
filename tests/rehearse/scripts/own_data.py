"""A Trainer with a number of steps of its own, on a private data set."""

import modal

app = modal.App("own-data")
image = modal.Image.debian_slim().uv_pip_install("trl==1.16.0")
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(image=image, gpu="A100-80GB", volumes={"/runs": runs}, timeout=3600)
def train():
    from datasets import load_dataset
    from trl import SFTConfig, SFTTrainer

    rows = load_dataset("acme/private", split="train")
    trainer = SFTTrainer(
        model="HuggingFaceTB/SmolLM2-135M",
        args=SFTConfig(
            output_dir="/runs/own", max_steps=400, per_device_train_batch_size=4, save_steps=2, bf16=True
        ),
        train_dataset=rows.map(lambda row: {"text": row["question"] + row["answer"]}),
    )
    trainer.train()


@app.local_entrypoint()
def main():
    train.remote()
