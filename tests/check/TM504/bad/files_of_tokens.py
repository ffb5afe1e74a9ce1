from pathlib import Path

import modal

HERE = Path(__file__).parent
image = (
    modal.Image.debian_slim(python_version="3.12")
    .add_local_file("hf_token.txt", "/inputs/hf_token.txt")
    .add_local_file(HERE / ".env", "/root/.env")
    .add_local_file(local_path="kaggle.json", remote_path="/root/.kaggle/kaggle.json")
)
app = modal.App("example", image=image)
