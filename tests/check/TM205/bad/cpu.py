import modal

app = modal.App("a")



@app.function(cpu=16)
@modal.clustered(size=2)
def prepare(): ...
