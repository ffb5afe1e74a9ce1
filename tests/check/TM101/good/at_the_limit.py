import modal

GPUS = 2 * 4
app = modal.App("good")


@app.function(gpu=f"H100:{GPUS}")
def train(): ...


@app.function(gpu="A10G:4")
def evaluate(): ...


@app.function(gpu="RTX-PRO-6000:8")
def undocumented_limit(): ...


@app.function()
def no_gpu(): ...
