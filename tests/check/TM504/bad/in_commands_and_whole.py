import os

import modal

GITHUB_TOKEN = os.environ["GITHUB_TOKEN"]
image = (
    modal.Image.debian_slim(python_version="3.12")
    .dockerfile_commands("ENV HF_TOKEN=" + os.environ["HF_TOKEN"])
    .run_commands("git clone https://{}@github.com/me/private /root/private".format(GITHUB_TOKEN))
    .run_commands("huggingface-cli login --token %s" % os.getenv("HF_TOKEN"))
)
other = modal.Image.debian_slim(python_version="3.12").env({**os.environ})
app = modal.App("layers", image=image)


@app.function(image=other)
def run():
    return 1
