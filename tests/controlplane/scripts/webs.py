"""Web functions of every kind that needs no framework."""

import asyncio
import json
import os
import subprocess
import sys
import time

import modal

app = modal.App("webs")


async def read_body(receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def respond(send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


@app.function(max_containers=2, scaledown_window=5)
@modal.asgi_app()
def asgi():
    async def application(scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (message := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": message["text"].upper()})
            print(f"websocket closed with {message['code']}", flush=True)
            return
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        if scope["path"] == "/fail":
            raise ValueError("nothing works")
        if scope["path"] == "/half":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            await asyncio.sleep(0.2)
            raise ValueError("nothing more")
        if scope["path"] == "/wait":
            print("waiting for the caller to leave", flush=True)
            await read_body(receive)
            print(f"then came {(await receive())['type']}", flush=True)
            return
        if scope["path"] == "/stream":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for number in range(3):
                body = f"{number} ".encode()
                await send({"type": "http.response.body", "body": body, "more_body": True})
                await asyncio.sleep(0.3)
            await send({"type": "http.response.body", "body": b"end"})
            return
        seen = {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode(),
            "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
            "body": len(await read_body(receive)),
            "container": os.environ["MODAL_TASK_ID"],
        }
        head = (b"content-type", b"application/json"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")
        await respond(send, 201, json.dumps(seen).encode(), *head)

    return application


@app.function(scaledown_window=5)
@modal.wsgi_app(requires_proxy_auth=True)
def wsgi():
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"wsgi ", environ["PATH_INFO"].encode()]

    return application


@app.function(scaledown_window=5)
@modal.fastapi_endpoint(method="POST", docs=True)
def twice(item: dict, times: int = 2) -> dict:
    if times < 0:
        raise ValueError("fewer than none")
    return {"word": item["word"] * times}


@app.cls(scaledown_window=5)
class Served:
    @modal.enter()
    def load(self) -> None:
        self.word = "loaded"

    @modal.asgi_app()
    def pages(self):
        async def application(scope, receive, send):
            if scope["type"] != "http":
                raise NotImplementedError(scope["type"])
            await respond(send, 200, f"{self.word} {scope['path']}".encode())

        return application


@app.function(scaledown_window=5)
@modal.web_server(8000, startup_timeout=20)
def server():
    subprocess.Popen([sys.executable, "-m", "http.server", "8000", "--directory", "/root"])


@app.function(scaledown_window=5)
@modal.web_server(8001, startup_timeout=2)
def hidden():
    subprocess.Popen([sys.executable, "-m", "http.server", "8001", "--bind", "127.0.0.1"])


@app.local_entrypoint()
def main():
    print("address:", asgi.get_web_url(), flush=True)
    time.sleep(60)
