import os

import modal

app = modal.App("example")


def flag(name, default):
    return os.environ.get(name, default)


def shout(name, default):
    return name.upper() + default


REGION = flag("MODAL_REGION", "us-east-1")
WORDS = shout("words", "!")


@app.function()
def show():
    print(REGION, WORDS)
