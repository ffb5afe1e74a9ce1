import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)


@app.function(gpu="H100", timeout=6 * 3600)
def train():
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer("Qwen/Qwen3-8B", args=SFTConfig(output_dir="/root/out"), train_dataset=[])
    trainer.train(resume_from_checkpoint=None)
    trainer.push_to_hub()


@app.function(gpu="H100", timeout=6 * 3600)
def train_small():
    import io

    import torch

    model = torch.nn.Linear(8, 8).cuda()
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 8).cuda()).sum().backward()
    optimizer.step()
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    return buffer.getvalue()
