import modal

app = modal.App("train")
shared = modal.NetworkFileSystem.from_name("shared", create_if_missing=True)


@app.function(network_file_systems={"/shared": shared}, max_inputs=1)
def train():
    print("training")


@app.local_entrypoint()
def main():
    train.update_autoscaler(min_containers=1)
    train.remote()
