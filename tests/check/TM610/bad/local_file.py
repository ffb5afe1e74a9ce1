import json
from pathlib import Path

import modal

CONFIG = json.load(open("config.json"))
PROMPT = Path("prompts/system.txt").read_text()
app = modal.App("train", image=modal.Image.debian_slim(python_version="3.12").pip_install("rich==15.0.0"))


@app.function()
def train():
    print(CONFIG, PROMPT)
