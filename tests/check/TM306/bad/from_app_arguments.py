import modal

COMMON = {"timeout": 3600, "nonpreemptible": True}
app = modal.App("a")


@app.function(gpu="A100-80GB", **COMMON)
def train(): ...
