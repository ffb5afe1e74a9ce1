"""A YOLO model trains by its own method; its settings are in a dict."""

import modal

app = modal.App("keypoints")
image = modal.Image.debian_slim(python_version="3.12").pip_install("ultralytics", "torch", "opencv-python-headless")
volume = modal.Volume.from_name("keypoints", create_if_missing=True)


@app.function(gpu="A10G", image=image, volumes={"/results": volume}, timeout=3600)
def fit() -> None:
    from ultralytics import YOLO

    settings = {"data": "/results/data.yaml", "epochs": 100, "project": "/results/runs"}
    YOLO("yolo11n-pose.pt").train(**settings)
