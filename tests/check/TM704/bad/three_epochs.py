import modal

EPOCHS = 3
image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("a", image=image)
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100", timeout=20 * 3600, retries=3, volumes={"/runs": volume})
def train():
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(output_dir="/runs/a", num_train_epochs=EPOCHS, save_strategy="epoch")
    Trainer(args=arguments).train(resume_from_checkpoint=True)
