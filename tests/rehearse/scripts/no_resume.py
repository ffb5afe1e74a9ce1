"""Plain TRL: it saves to the volume and never looks there when it starts again."""

import modal

app = modal.App("no-resume")
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="L4", volumes={"/runs": volume}, timeout=3600, retries=2)
def train():
    from datasets import load_dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    rows = load_dataset("tatsu-lab/alpaca", split="train").select_columns("text")
    trainer = SFTTrainer(
        model="HuggingFaceTB/SmolLM2-135M",
        train_dataset=rows,
        peft_config=LoraConfig(r=8, target_modules="all-linear"),
        args=SFTConfig(
            output_dir="/runs/smol",
            num_train_epochs=1,
            per_device_train_batch_size=8,
            max_length=1024,
            save_steps=2,
            logging_steps=1,
            bf16=True,
        ),
    )
    trainer.train()
    trainer.save_model("/runs/smol/final")


@app.local_entrypoint()
def main():
    train.remote()
