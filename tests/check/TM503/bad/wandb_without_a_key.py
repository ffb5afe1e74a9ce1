import modal
import wandb
from transformers import Trainer, TrainingArguments

app = modal.App("example", image=modal.Image.debian_slim().pip_install("wandb==0.22.0"))


@app.function(gpu="H100", timeout=3600)
def train(model, rows):
    wandb.init(project="example")
    Trainer(model=model, train_dataset=rows, args=TrainingArguments(output_dir="/out")).train()


@app.function(gpu="H100", timeout=3600)
def tune(model, rows):
    args = TrainingArguments(output_dir="/out", report_to="wandb")
    Trainer(model=model, train_dataset=rows, args=args).train()
