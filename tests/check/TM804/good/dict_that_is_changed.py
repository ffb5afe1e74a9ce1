import modal

app = modal.App("changed")
options = {"gpu": "T4", "note": "not for the client", "keep_warm": 1}
options.pop("note")
kwargs = {"gpu": "T4"}
kwargs["timeout"] = 60


def without(given):
    return {key: value for key, value in given.items() if key != "keep_warm"}


@app.function(**without(options))
def one():
    return 1


@app.function(**kwargs)
def two():
    return 2
