import modal

CONF = "expandable_segment:True"
app = modal.App("train")


@app.function(gpu="H100", env={"PYTORCH_ALLOC_CONF": CONF})
def train():
    print("training")
