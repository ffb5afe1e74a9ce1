from modal import App, Mount, Volume, web_endpoint

app = App("train")
data = Volume.lookup("data", create_if_missing=True)


@app.function(mounts=[Mount.from_local_dir("src", remote_path="/root/src")], allow_concurrent_inputs=4)
@web_endpoint()
def train():
    print(data)
