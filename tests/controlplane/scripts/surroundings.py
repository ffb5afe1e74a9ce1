"""Reports what a container sees: files, environment, rights."""

import json
import os
import sys
from pathlib import Path

import modal

HERE = Path(__file__).parent
app = modal.App("surroundings")
image = (
    modal.Image.debian_slim()
    .pip_install("some-package==1.0")
    .env({"PLAIN": "a b", "DOLLAR": "$HOME/x"})
    .workdir("/app/deep")
    .add_local_file(HERE / "hello.py", "/baked/hello.py", copy=True)
    .run_commands("echo built")
    .add_local_python_source("helper_package")
    .add_local_dir(HERE / "helper_package", "/opt/tminus-test/data")
)


@app.function(image=image, secrets=[modal.Secret.from_dict({"FROM_DICT": "yes"})], env={"FROM_ENV": "also"})
def report(home: str) -> str:
    import helper_package

    def writable(path: str) -> bool:
        try:
            Path(path).write_text("x")
        except OSError:
            return False
        return True

    def names(path: str) -> list[str]:
        return sorted(child.name for child in Path(path).iterdir())

    return json.dumps(
        {
            "helper": helper_package.WORD,
            "helper_path": helper_package.__file__,
            "environment": {
                k: os.environ.get(k) for k in ("PLAIN", "DOLLAR", "FROM_DICT", "FROM_ENV", "HOME")
            },
            "tokens": sorted(k for k in os.environ if "TOKEN" in k),
            "cwd": str(Path.cwd()),
            "baked": Path("/baked/hello.py").exists(),
            "in_opt": sorted(p.name for p in Path("/opt/tminus-test/data").glob("*.py")),
            "opt_is_still_there": names("/opt"),
            "root": names("/root"),
            "home_visible": Path(home).exists(),
            "usr_writable": writable("/usr/local/tminus-probe"),
            "etc_writable": writable("/etc/tminus-probe"),
            "root_writable": writable("/root/probe"),
            "tmp_writable": writable("/tmp/probe"),
            "tmp": names("/tmp"),
            "python": sys.executable,
            "uid": os.getuid(),
            "processes": sum(name.isdigit() for name in names("/proc")),
        }
    )


@app.local_entrypoint()
def main(home: str):
    print("result:", report.remote(home))
