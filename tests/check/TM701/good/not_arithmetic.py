import modal

N_GPUS = 10  # of the laboratory's own machine, printed only
app = modal.App("good")


@app.function(gpu="H100:8")
def train():
    print(N_GPUS)
