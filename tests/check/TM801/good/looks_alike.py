import modal

app = modal.App("train")
image = modal.Image.debian_slim(python_version="3.12").add_local_dir("src", "/root/src")
table = {"lookup": 1}


class Registry:
    def lookup(self, name):
        return table.get(name)

    def persisted(self):
        return self


registry = Registry()
existing = modal.App.lookup("other-app", create_if_missing=True)


@app.function(image=image)
def train(mounts=None, keep_warm=False):
    return registry.persisted().lookup("data"), mounts, keep_warm


@app.local_entrypoint()
def main():
    train.remote(mounts=[1], keep_warm=True)
