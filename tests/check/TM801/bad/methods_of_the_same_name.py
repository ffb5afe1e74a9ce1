from modal import App, build, enter, method, web_endpoint

app = App("names")


@app.cls(gpu="T4")
class Model:
    @build()
    def build(self):
        return 1

    @enter()
    def enter(self):
        self.size = 1

    @web_endpoint()
    def method(self):
        return self.size


@app.function()
@web_endpoint()
def web_endpoint():
    return 2


print(method)
