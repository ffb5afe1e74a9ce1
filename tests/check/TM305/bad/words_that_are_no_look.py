"""`skip_special_tokens` and the like say nothing of a checkpoint."""

import modal

app = modal.App("sft")
image = modal.Image.debian_slim(python_version="3.12").pip_install(
    "torch==2.9.1", "transformers==4.54.0", "trl==0.19.1", "datasets==3.6.0"
)
volume = modal.Volume.from_name("sft", create_if_missing=True)


@app.function(gpu="A10G", image=image, volumes={"/data": volume}, timeout=4 * 3600, retries=2)
def finetune() -> None:
    from datasets import load_dataset
    from trl import SFTConfig, SFTTrainer

    args = SFTConfig(output_dir="/data/run", save_steps=50, dataset_kwargs={"skip_prepare_dataset": True})
    trainer = SFTTrainer("Qwen/Qwen3-0.6B", args=args, train_dataset=load_dataset("json", split="train"))
    trainer.train()
    tokens = trainer.model.generate(max_new_tokens=8)
    print(trainer.processing_class.decode(tokens[0], skip_special_tokens=True))
