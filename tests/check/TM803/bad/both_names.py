import modal

app = modal.App("train")


@app.cls(gpu="H100", keep_warm=1, min_containers=1)
class Model:
    @modal.method()
    def run(self):
        print("running")
