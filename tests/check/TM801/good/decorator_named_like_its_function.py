from modal import App, fastapi_endpoint, method

app = App("names")


@app.cls(gpu="T4")
class Model:
    @method()
    def method(self):
        return 1


@app.function()
@fastapi_endpoint()
def fastapi_endpoint():
    return 2
