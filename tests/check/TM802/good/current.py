import modal

app = modal.App("train")


@app.function(single_use_containers=True)
@modal.concurrent(max_inputs=4)
def train():
    print("training")


@app.local_entrypoint()
def main():
    train.autoscaler.update(min_containers=1)
