"""Functions of an app however they are made: inherited arguments, decorators as calls, both eras."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.script import Constructed, Known, ModalFunction, Script, Source, image_steps, mounts_of, possible

HEAD = "import modal\nimport os\nfrom modal import App\nvolume = modal.Volume.from_name('runs')\n"


def functions(text: str) -> tuple[ModalFunction, ...]:
    return Script.parse(Source(Path("script.py"), text)).functions


def only(text: str) -> ModalFunction:
    (function,) = functions(text)
    return function


def gpus(function: ModalFunction) -> list[str]:
    return [f"{one.request.type_name}:{one.request.count}" for one in function.gpu_choices()]


# --- where a function's decorator comes from ---


@pytest.mark.parametrize(
    "text",
    [
        "app = modal.App('a')\n@app.function(gpu='H100:8')\ndef train(): ...\n",
        "app = App('a')\n@app.function(gpu='H100:8')\nasync def train(): ...\n",
        "app = modal.App(name='a')\nOPTIONS = dict(gpu='H100:8')\n@app.function(**OPTIONS)\n"
        "def train(): ...\n",
        "app = modal.App('a')\n@app.function(**{'gpu': 'H100:8', **{}})\ndef train(): ...\n",
        "app = modal.App('a')\ndef train(): ...\nremote = app.function(gpu='H100:8')(train)\n",
        "app = modal.App('a')\non_gpu = app.function(gpu='H100:8')\n@on_gpu\ndef train(): ...\n",
        "app = modal.App('a')\non_gpu = app.function(gpu='H100:8')\ndef train(): ...\nt = on_gpu(train)\n",
        "app = modal.App('a')\ndef on(n):\n    return app.function(gpu=f'H100:{n}')\n@on(8)\n"
        "def train(): ...\n",
        "def make(app):\n    @app.function(gpu='H100:8')\n    def train(): ...\n    return train\n",
        "apps = modal.App('a')\nclass Holder:\n    app = apps\n"
        "@Holder.app.function(gpu='H100:8')\ndef train(): ...\n",
        "app = modal.App('a')\n@app.cls(gpu='H100:8')\nclass Train:\n    @modal.method()\n"
        "    def run(self): ...\n",
        "stub = modal.Stub('a')\n@stub.function(gpu='H100:8')\ndef train(): ...\n",
        "stub = modal.Stub('a')\n@stub.function(gpu=modal.gpu.H100(count=8))\ndef train(): ...\n",
        "from modal import gpu\napp = modal.App('a')\nG = gpu.H100(count=8)\n"
        "@app.function(gpu=G)\ndef train(): ...\n",
        "from common import app\n@app.function(gpu='H100:8')\ndef train(): ...\n",
        "app = modal.App('a')\nif True:\n    @app.function(gpu='H100:8')\n    def train(): ...\n",
        "app = modal.App('a')\n@modal.concurrent(max_inputs=2)\n@app.function(gpu='H100:8')\n"
        "def train(): ...\n",
    ],
)
def test_a_function_is_found_with_its_gpus(text: str) -> None:
    assert gpus(only(HEAD + text)) == ["H100:8"]


@pytest.mark.parametrize(
    "text",
    [
        "import tensorflow as tf\n@tf.function(gpu='H100:8')\ndef f(): ...\n",
        "class app:\n    def function(**k): ...\n@app.function(gpu='H100:8')\ndef f(): ...\n",
        "import flask\napp = flask.Flask('a')\n@app.function(gpu='H100:8')\ndef f(): ...\n",
        "'''@app.function(gpu='H100:8')\ndef f(): ...'''\n",
        "app = modal.App('a')\n@app.local_entrypoint()\ndef main(): ...\n",
    ],
)
def test_what_is_no_function_of_an_app_is_none(text: str) -> None:
    assert functions(HEAD + text) == ()


# --- arguments ---


def test_image_volumes_and_secrets_come_from_the_app_and_volumes_are_joined() -> None:
    one, other = functions(
        HEAD + "image = modal.Image.debian_slim()\nsecret = modal.Secret.from_name('hf')\n"
        "app = modal.App('a', image=image, volumes={'/data': volume}, secrets=[secret])\n"
        "@app.function()\ndef one(): ...\n"
        "@app.function(volumes={'/other': volume}, image=image.apt_install('git'))\ndef other(): ...\n"
    )
    assert [str(mount.path) for mount in mounts_of(one).table] == ["/data"]
    assert [str(mount.path) for mount in mounts_of(other).table] == ["/data", "/other"]
    secrets = one.argument("secrets")
    assert isinstance(secrets, Known)
    assert isinstance(secrets.value[0], Constructed)
    assert [step.method for step in image_steps(one.argument("image"))] == ["debian_slim"]
    assert [step.method for step in image_steps(other.argument("image"))] == ["debian_slim", "apt_install"]


def test_what_is_set_on_an_app_later_is_inherited_too() -> None:
    function = only(
        HEAD + "app = modal.App('a')\napp.image = modal.Image.debian_slim()\n@app.function()\ndef f(): ...\n"
    )
    assert [step.method for step in image_steps(function.argument("image"))] == ["debian_slim"]


def test_timeouts_retries_and_gpus_are_not_inherited() -> None:
    function = only(HEAD + "app = modal.App('a')\n@app.function()\ndef f(): ...\n")
    assert (function.timeout, function.gpu, function.retries) == (None, None, 0)


def test_arguments_that_could_be_hidden_are_said_to_be_possible() -> None:
    hidden = only(HEAD + "app = modal.App('a')\n@app.function(**load())\ndef f(): ...\n")
    imported = only("from common import app\n@app.function()\ndef f(): ...\n")
    plain = only(HEAD + "app = modal.App('a')\n@app.function()\ndef f(): ...\n")
    assert hidden.may_have("volumes")
    assert imported.may_have("volumes")
    assert not plain.may_have("volumes")
    assert not mounts_of(hidden).complete
    assert mounts_of(plain).complete


def test_a_list_of_gpus_is_a_row_of_fallbacks() -> None:
    function = only(
        HEAD + "app = modal.App('a')\nBEST = 'H200:8'\n@app.function(gpu=[BEST, 'H100:8'])\ndef f(): ...\n"
    )
    assert [(gpu.request.type_name, gpu.fallback) for gpu in function.gpu_choices()] == [
        ("H200", 0),
        ("H100", 1),
    ]


@pytest.mark.parametrize(
    ("gpu", "expected"),
    [
        ("'a100-80gb:2'", [("A100-80GB:2", "")]),
        ("'H100:8' if BIG else 'H100'", [("H100:8", "if BIG"), ("H100:1", "unless BIG")]),
        ("{'8b': 'L40S', '70b': 'H100:8'}['70b']", [("H100:8", "")]),
        ("os.environ.get('GPU', 'A100:4')", [("A100:4", "")]),
        ("f\"H100:{os.environ.get('N', '8')}\"", [("H100:8", "")]),
        ("modal.gpu.A100(size='80GB', count=4)", [("A100-80GB:4", "")]),
        ("modal.gpu.A100(memory=80)", [("A100-80GB:1", "")]),
        ("modal.gpu.Any()", [("Any:1", "")]),
        ("None", []),
        ("pick()", []),
        ("'H100:eight'", []),
        ("[pick(), 'H100']", []),
    ],
)
def test_requests_are_read_with_their_conditions(gpu: str, expected: list[tuple[str, str]]) -> None:
    function = only(HEAD + f"BIG = ask()\napp = modal.App('a')\n@app.function(gpu={gpu})\ndef f(): ...\n")
    found = [
        (f"{one.request.type_name}:{one.request.count}", one.condition) for one in function.gpu_choices()
    ]
    assert [(name if ":" in name else f"{name}:1", condition) for name, condition in expected] == found


def test_with_options_gives_other_values_at_a_call() -> None:
    function = only(
        HEAD + "app = modal.App('a')\n@app.function(gpu='H100', timeout=60)\ndef train(): ...\n"
        "@app.local_entrypoint()\ndef main():\n"
        "    train.with_options(gpu='H100:8', timeout=6 * 3600).remote()\n"
    )
    assert [(one.value.value, one.condition) for one in function.possible("timeout")] == [
        (60, ""),
        (21600, "if it is called as in line 10"),
    ]
    assert gpus(function) == ["H100:1", "H100:8"]


def test_methods_parameters_and_enter_of_a_class() -> None:
    cls = only(
        HEAD + "app = modal.App('a')\n@app.cls(gpu='L40S', volumes={'/data': volume})\nclass Trainer:\n"
        "    size: str = modal.parameter(default='8b')\n    @modal.enter()\n"
        "    def load(self):\n        self.n = 8\n"
        "    @modal.method()\n    def train(self, epochs: int = 3): ...\n    @modal.exit()\n"
        "    def done(self): ...\n"
        "Big = Trainer.with_options(gpu='H100:8')\n"
    )
    assert (cls.kind, cls.name) == ("cls", "Trainer")
    assert gpus(cls) == ["L40S:1", "H100:8"]
    assert [str(mount.path) for mount in mounts_of(cls).table] == ["/data"]


@pytest.mark.parametrize(
    ("decorator", "size", "rdma"),
    [
        ("modal.clustered(size=2)", 2, None),
        ("modal.clustered(2, rdma=True)", 2, True),
        ("modal.experimental.clustered(size=NODES)", 4, None),
        ("modal.clustered(size=2 if ask() else 4)", None, None),
    ],
)
def test_clusters_have_their_size(decorator: str, size: int | None, rdma: bool | None) -> None:
    function = only(
        HEAD + f"import modal.experimental\nNODES = 4\napp = modal.App('a')\n"
        f"@app.function(gpu='H100:8')\n@{decorator}\n"
        "def train(): ...\n"
    )
    assert function.nodes == size
    assert function.cluster is not None
    assert (function.cluster.rdma.value if isinstance(function.cluster.rdma, Known) else None) == rdma


@pytest.mark.parametrize(
    ("text", "retries"),
    [
        ("retries=3", 3),
        ("retries=modal.Retries(max_retries=5, initial_delay=0.0)", 5),
        ("retries=N", 2),
        ("retries=int(input())", None),
        ("", 0),
    ],
)
def test_retries(text: str, retries: int | None) -> None:
    function = only(HEAD + f"N = 2\napp = modal.App('a')\n@app.function({text})\ndef f(): ...\n")
    assert function.retries == retries


# --- images and mounts ---


@pytest.mark.parametrize(
    "text",
    [
        "image = modal.Image.debian_slim().apt_install('git').pip_install('torch').env({'A': '1'})\n",
        "image = modal.Image.debian_slim()\nimage = image.apt_install('git')\n"
        "image = image.pip_install('torch').env({'A': '1'})\n",
        "base = modal.Image.debian_slim().apt_install('git')\n"
        "image = base.pip_install('torch').env({'A': '1'})\n",
        "def build():\n"
        "    return modal.Image.debian_slim().apt_install('git').pip_install('torch').env({'A': '1'})\n"
        "image = build()\n",
        "def add(image):\n    return image.pip_install('torch').env({'A': '1'})\n"
        "image = add(modal.Image.debian_slim().apt_install('git'))\n",
        "class Images:\n    base = modal.Image.debian_slim().apt_install('git')\n"
        "    full = base.pip_install('torch').env({'A': '1'})\nimage = Images.full\n",
    ],
)
def test_an_image_is_its_steps_in_order_however_it_is_built(text: str) -> None:
    function = only(f"{HEAD}{text}app = modal.App('a', image=image)\n@app.function()\ndef f(): ...\n")
    steps = image_steps(function.argument("image"))
    assert [step.method for step in steps] == ["debian_slim", "apt_install", "pip_install", "env"]
    packages = steps[2].argument(0, "packages")
    assert isinstance(packages, Known)
    assert packages.value == "torch"


def test_an_image_under_a_condition_has_both_ways() -> None:
    function = only(
        HEAD + "image = modal.Image.debian_slim()\nif ask():\n    image = image.pip_install('flash-attn')\n"
        "app = modal.App('a', image=image)\n@app.function()\ndef f(): ...\n"
    )
    ways = {
        tuple(step.method for step in image_steps(one.value)): one.condition
        for one in possible(function.argument("image"))
    }
    assert ways == {("debian_slim", "pip_install"): "if ask()", ("debian_slim",): "unless ask()"}


def test_mounts_have_names_flags_and_an_innermost() -> None:
    function = only(
        HEAD + "from pathlib import Path\nROOT = Path('/data')\n"
        "cache = modal.Volume.from_name('hf', create_if_missing=True)\n"
        "app = modal.App('a')\n@app.function(volumes={ROOT: volume, str(ROOT / 'cache'): cache.read_only(),\n"
        "    '/bucket': modal.CloudBucketMount('b', read_only=True), '/mystery': thing()})\ndef f(): ...\n"
    )
    mounts = mounts_of(function)
    flags = {str(one.path): (one.name, one.create_if_missing, one.read_only) for one in mounts.table}
    assert flags["/data"] == ("runs", False, False)
    assert flags["/data/cache"] == ("hf", True, True)
    assert flags["/bucket"] == ("b", False, True)
    assert flags["/mystery"] == (None, None, None)
    inner = mounts.holding("/data/cache/models/x")
    assert inner is not None
    assert str(inner.path) == "/data/cache"
    assert mounts.holding("/data/../etc") is None
    assert mounts.holding("/database") is None
