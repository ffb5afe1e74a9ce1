"""Set HF_TOKEN to your token (hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx) before you start."""

import modal

app = modal.App("train")
# modal secret create wandb-secret WANDB_API_KEY=your_40_character_key_from_wandb_ai_authorize
commit = "9f2c1d7e4b6a8035c1e2d3f4a5b6c7d8e9f0a1b2"  # of the trainer, as pinned
KEY_NAME = "sk-your-openai-key-goes-in-here-instead-of-this"
secret = modal.Secret.from_name("huggingface-secret", required_keys=["HF_TOKEN"])


@app.function(secrets=[secret])
def train(task: str = "ask-questions-about-documentation-of-python"):
    print(task)
