"""Plain TRL under torchrun, with a mistake: it saves to the volume, and never looks there when it starts.

tminus rehearse examples/rehearse/trl_no_resume.py --preempt 1
"""

import os
import subprocess
import sys

import modal

app = modal.App("trl-no-resume")
image = (
    modal.Image.debian_slim()
    .pip_install("torch==2.13.0", "trl==1.16.0", "peft==0.21.0", "datasets==5.2.0")
    .add_local_file(__file__, "/root/trl_no_resume.py")
)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(image=image, gpu="H100:2", volumes={"/runs": runs}, timeout=6 * 3600, retries=2)
def train():
    subprocess.run(["torchrun", "--nproc-per-node=2", "/root/trl_no_resume.py"], check=True)


def work():
    from datasets import load_dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(
        model="HuggingFaceTB/SmolLM2-135M",
        train_dataset=load_dataset("tatsu-lab/alpaca", split="train").select_columns("text"),
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


@app.local_entrypoint()
def main():
    train.remote()


if __name__ == "__main__" and "LOCAL_RANK" in os.environ:
    sys.exit(work())
