"""A trainer that is a program of its own and reads a configuration file, as Axolotl does."""

import subprocess
import sys
from pathlib import Path

import modal

app = modal.App("config-file")
image = (
    modal.Image.debian_slim()
    .pip_install("torch==2.13.0", "trl==1.16.0", "peft==0.21.0", "datasets==5.2.0", "pyyaml==6.0.3")
    .add_local_file(__file__, "/root/config_file.py")
)
runs = modal.Volume.from_name("runs", create_if_missing=True)

CONFIG = """
base_model: HuggingFaceTB/SmolLM2-135M
dataset: tatsu-lab/alpaca
output_dir: /runs/config-file
adapter: {r: 8, target_modules: all-linear}
training: {num_train_epochs: 1, per_device_train_batch_size: 8, save_steps: 3, logging_steps: 1, bf16: true}
"""


@app.function(
    image=image,
    gpu="L40S",
    volumes={"/runs": runs},
    timeout=6 * 3600,
    retries=modal.Retries(max_retries=3, initial_delay=0.0),
)
def train():
    Path("/tmp/config.yml").write_text(CONFIG)
    subprocess.run("cd /root && python config_file.py /tmp/config.yml", shell=True, check=True)


def work(path):
    import yaml
    from datasets import load_dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    config = yaml.safe_load(Path(path).read_text())
    trainer = SFTTrainer(
        model=config["base_model"],
        train_dataset=load_dataset(config["dataset"], split="train").select_columns("text"),
        peft_config=LoraConfig(**config["adapter"]),
        args=SFTConfig(output_dir=config["output_dir"], max_length=1024, **config["training"]),
    )
    # The trainer's state is saved last: a folder without it is a save that was cut short.
    saved = [path.parent for path in Path(config["output_dir"]).glob("checkpoint-*/trainer_state.json")]
    newest = max(saved, key=lambda path: int(path.name.removeprefix("checkpoint-")), default=None)
    trainer.train(resume_from_checkpoint=str(newest) if newest else None)


@app.local_entrypoint()
def main():
    train.remote()


if __name__ == "__main__" and sys.argv[1:]:
    work(sys.argv[1])
