import modal

app = modal.App("train")
one = modal.Volume.from_name("one", create_if_missing=True)
two = modal.Volume.from_name("two", create_if_missing=True, version=2)


@app.function(gpu="H100:8", volumes={"/two": two})
@modal.clustered(size=8)
def many_writers():
    print("training")


@app.function(gpu="H100:8", volumes={"/one": one})
@modal.clustered(size=4)
def few_writers():
    for step in range(1_000_000):
        if step % 1000 == 0:
            with open(f"/one/step-{step}.json", "w") as file:
                file.write("{}")
        with open(f"/tmp/step-{step}.json", "w") as file:
            file.write("{}")
