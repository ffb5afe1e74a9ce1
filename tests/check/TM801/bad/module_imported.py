import modal
import modal.gpu

app = modal.App("module")


@app.function(gpu="H100")
def run():
    return 1
