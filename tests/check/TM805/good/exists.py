import modal

app = modal.App("train")
volume = modal.Volume.from_name("data", create_if_missing=True)
image = modal.Image.debian_slim(python_version="3.12").run_commands("apt-get update")


class Volume:
    def batch_download(self):
        return self


@app.function(image=image, volumes={"/data": volume})
def train():
    volume.commit()
    Volume().batch_download()
    for entry in volume.iterdir("/"):
        print(entry.path)


@app.local_entrypoint()
def main():
    call = train.spawn()
    print(call.object_id, train.get_current_stats())
    with volume.batch_upload() as batch:
        batch.put_file("a", "/a")
