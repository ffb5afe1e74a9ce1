import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install(
    "torch==2.9.1", "transformers==4.57.1", "datasets==4.0.0"
)
app = modal.App("finetune", image=image)


@app.cls(gpu="A100-80GB", timeout=4 * 3600)
class Finetuner:
    @modal.method()
    def finetune(self, model_name: str, rows_path: str, output_dir: str) -> str:
        from datasets import load_dataset
        from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

        model = AutoModelForCausalLM.from_pretrained(model_name)
        rows = load_dataset("csv", data_files=rows_path, split="train")
        trainer = Trainer(model=model, args=TrainingArguments(output_dir=output_dir), train_dataset=rows)
        trainer.train()
        trainer.model.save_pretrained(output_dir)
        return f"{model_name} is done"
