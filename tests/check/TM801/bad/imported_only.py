import modal
from modal import Mount, gpu

app = modal.App("left over")


@app.function(gpu="T4")
def run():
    return 1
