import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.cls(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
class Model:
    name: str = modal.parameter(default="Qwen/Qwen3-8B")

    def _trainer(self):
        from trl import SFTConfig, SFTTrainer

        config = SFTConfig(output_dir="/data/run", save_steps=100, save_total_limit=2)
        return SFTTrainer(self.name, args=config, train_dataset=[])

    @modal.method()
    def train(self):
        self._trainer().train(resume_from_checkpoint=None)


@app.local_entrypoint()
def main():
    Model(name="Qwen/Qwen3-4B").train.spawn()
