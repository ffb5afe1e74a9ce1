import modal


def fetch():
    return 1


image = modal.Image.debian_slim().run_function(fetch, secret=modal.Secret.from_name("hub"))
stub = modal.App("old", image=image, mounts=[])
box = modal.Sandbox.create(app=stub, mounts=[])
stub["weights"] = image
