import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(timeout=3600, volumes={"/data": volume})
def prepare():
    from datasets import load_dataset

    load_dataset("trl-lib/Capybara", split="train").save_to_disk("/data/rows")
    with open("/tmp/log", "w") as log:
        log.write("done")


@app.function(gpu="H100", timeout=3600, volumes={"/data": volume})
def train():
    from datasets import load_from_disk

    with open("/tmp/log", "w") as log:
        log.write("begun")
    with open("/tmp/log") as log:
        print(log.read())
    print(len(load_from_disk("/data/rows")))
