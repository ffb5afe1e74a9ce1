"""What scripts make values of: constants, text, arithmetic, classes, helpers, the environment, conditions."""

from __future__ import annotations

import ast
from pathlib import Path, PurePosixPath

import pytest

from tminus.script import Known, OneOf, Script, Source, Unknown, Value, certain, possible


def last(text: str) -> Value:
    """What is read of the expression that a text ends with."""
    script = Script.parse(Source(Path("script.py"), text))
    expression = script.tree.body[-1]
    assert isinstance(expression, ast.Expr)
    return script.evaluate(expression.value)


def known(text: str) -> object:
    value = last(text)
    assert isinstance(value, Known), value
    assert value.others == ()
    return value.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HOURS = 60 * 60\nTIMEOUT = 6 * HOURS\nTIMEOUT", 21600),
        ("A: int = 8\nB = A\nC = B\nC", 8),
        ("A = B = 4\nA + B", 8),
        ("(A, B), C = (1, 2), 3\n[A, B, C]", [1, 2, 3]),
        ("N = 1\nN += 7\nN", 8),
        ("G = ['H100']\nG.append('A100')\nG", ["H100", "A100"]),
        ("D = {'a': 1}\nD['b'] = 2\nD.update({'c': 3})\nD", {"a": 1, "b": 2, "c": 3}),
        ("GPU = 'H100'\nGPU = GPU + ':8'\nGPU", "H100:8"),
        ("xs = [1]\ndef later(x):\n    xs.append(x)\nxs", [1]),
        ("xs = [1]\ndef f(xs):\n    xs.append(2)\ndef g():\n    return xs\ng()", [1]),
    ],
)
def test_constants_of_the_module(text: str, expected: object) -> None:
    assert known(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("N = 8\nf'H100:{N}'", "H100:8"),
        ("N = 3.14159\nf'{N:.2f}|{N!r}|{N:>6.1f}'", "3.14|3.14159|   3.1"),
        ("A, W = 'x', 5\nf'{A:>{W}}{{}}'", "    x{}"),
        ("'H100' + ':' + str(2 * 4)", "H100:8"),
        ("'%s:%d' % ('H100', 8)", "H100:8"),
        ("'{}:{n}'.format('H100', n=8)", None),
        ("'{}:{}'.format('H100', 8)", "H100:8"),
        ("':'.join(['H100', '8'])", "H100:8"),
        ("'h100'.upper().replace('H', 'A')", "A100"),
        ("'a,b'.split(',')[-1]", "b"),
        ("'one ' 'two'", "one two"),
        ("'''a\nb'''.splitlines()", ["a", "b"]),
        ("from pathlib import Path\nR = Path('/data')\nstr(R / 'run' / f'{1}')", "/data/run/1"),
        ("import os\nos.path.join('/data', 'run')", "/data/run"),
        ("from pathlib import PurePosixPath as P\nP('/a') / 'b'", PurePosixPath("/a/b")),
        (
            "from pathlib import Path\n(Path('/a/b.txt').parent / Path('/a/b.txt').name).as_posix()",
            "/a/b.txt",
        ),
    ],
)
def test_text_is_put_together(text: str, expected: object) -> None:
    if expected is None:
        assert isinstance(last(text), Unknown)
    else:
        assert known(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import math\nmath.ceil(52_002 / 16) * 3", 9753),
        ("max(1, 325 // 10)", 32),
        ("2 ** 10 - 1 << 1", None),
        ("-(7 % 4)", -3),
        ("round(2 / 3, 2)", 0.67),
        ("int('8') + int(1.9)", 9),
        ("sum([1, 2, 3])", 6),
        ("len({'a': 1, 'b': 2})", 2),
        ("1 if 8 >= 4 else 2", 1),
        ("not (3 in [1, 2])", True),
        ("10 ** 10_000", None),
        ("'x' * 10_000_000", None),
        ("[0] * 10 ** 9", None),
        ("f'{1:>100000000}'", None),
        ("1 / 0", None),
        ("{}['x']", None),
    ],
)
def test_arithmetic_of_a_sensible_size_is_done(text: str, expected: object) -> None:
    value = last(text)
    if expected is None:
        assert isinstance(value, Unknown)
        assert value.reason
    else:
        assert isinstance(value, Known)
        assert (type(value.value), value.value) == (type(expected), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "BASE = {'gpu': 'H100', 'timeout': 60}\n{**BASE, 'timeout': 3600}",
            {"gpu": "H100", "timeout": 3600},
        ),
        ("A, B = {'x': 1}, {'y': 2}\nA | B", {"x": 1, "y": 2}),
        ("dict(a=1, **{'b': 2})", {"a": 1, "b": 2}),
        ("dict({'a': 1}, b=2)", {"a": 1, "b": 2}),
        ("MODELS = {'8b': {'gpu': 'H100:2'}}\nMODELS['8b']['gpu']", "H100:2"),
        ("S = {'8b': 1}\nS.get('70b', 4)", 4),
        ("A = ['H100', 'A100']\n[*A, 'L40S']", ["H100", "A100", "L40S"]),
        ("(1, *(2, 3))", (1, 2, 3)),
    ],
)
def test_dicts_and_lists_are_unpacked(text: str, expected: object) -> None:
    assert known(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class C:\n    gpu = 'H100'\n    count = 8\n    full = f'{gpu}:{count}'\nC.full", "H100:8"),
        ("class A:\n    n = 8\nclass B(A):\n    m = 2\nB.n * B().m", 16),
        (
            "from dataclasses import dataclass\n@dataclass\nclass C:\n    lr: float = 2e-4\n    n: int = 8\n"
            "C(n=4).n, C(1e-5).lr, C().n",
            (4, 1e-5, 8),
        ),
        (
            "from dataclasses import dataclass, field\n@dataclass(frozen=True)\nclass C:\n"
            "    gpus: list[str] = field(default_factory=lambda: ['H100'])\n    n: int = field(default=3)\n"
            "C().gpus, C().n",
            (["H100"], 3),
        ),
        ("from pydantic import BaseModel, Field\nclass C(BaseModel):\n    n: int = Field(8, ge=1)\nC().n", 8),
        ("class C:\n    def __init__(self, n=2):\n        self.n = n\n        self.m = n * 2\nC(4).m", 8),
        ("class C:\n    n = 2\n    @property\n    def m(self):\n        return self.n * 4\nC().m", 8),
        ("class C:\n    @staticmethod\n    def f(n):\n        return n + 1\nC.f(7)", 8),
        (
            "class C:\n    k = 8\n    def gpu(self, n):\n        return f'{n}:{self.k}'\nC().gpu('L4')",
            "L4:8",
        ),
        ("from enum import Enum\nclass G(Enum):\n    BIG = 'H100:8'\nG.BIG.value", "H100:8"),
        ("class Outer:\n    class Inner:\n        n = 8\nOuter.Inner.n", 8),
    ],
)
def test_attributes_of_classes_and_objects(text: str, expected: object) -> None:
    assert known(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def gpus():\n    return 'H100:8'\ngpus()", "H100:8"),
        ("def gpu(name, count=1):\n    return f'{name}:{count}'\ngpu('H100', count=8)", "H100:8"),
        (
            "def f(n):\n    if n > 4:\n        return 'big'\n    return 'small'\n[f(8), f(2)]",
            ["big", "small"],
        ),
        ("def f(n):\n    m = n * 2\n    m += 1\n    return m\nf(3)", 7),
        ("def f(n, *, scale=1):\n    return g(n) * scale\ndef g(n):\n    return n + 1\nf(1, scale=4)", 8),
        ("def f():\n    'words'\n    pass\nf()", None),
        (
            "from functools import partial\ndef f(a, b):\n    return a + b\ng = partial(f, 'L4')\ng(b=':8')",
            "L4:8",
        ),
        ("import functools\ndef f(a, b=1):\n    return a * b\nfunctools.partial(f, b=2)(4, b=3)", 12),
        ("from functools import lru_cache\n@lru_cache\ndef f():\n    return 8\nf()", 8),
    ],
)
def test_helpers_that_return_what_can_be_read(text: str, expected: object) -> None:
    assert known(text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "variable"),
    [
        ("os.environ.get('GPUS', '8')", "8", "GPUS"),
        ("int(os.getenv('GPUS', '8')) * 2", 16, "GPUS"),
        ("f\"H100:{os.environ.get('N', 4)}\"", "H100:4", "N"),
        ("os.environ.get('GPU') or 'H100'", "H100", "GPU"),
        ("environ.get('GPU', 'H100')", "H100", "GPU"),
    ],
)
def test_a_default_of_the_environment_is_assumed(text: str, expected: object, variable: str) -> None:
    value = last(f"import os\nfrom os import environ\n{text}")
    assert isinstance(value, Known)
    assert (value.value, value.assumed) == (expected, f"the default of {variable}")


def test_a_default_of_a_parameter_is_assumed_where_no_call_is_in_sight() -> None:
    script = Script.parse(Source(Path("s.py"), "def train(gpu: str = 'H100'):\n    print(gpu)\n"))
    function = script.tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    use = function.body[0]
    assert isinstance(use, ast.Expr)
    assert isinstance(use.value, ast.Call)
    scope = next(one.scope for one in script.placed if one.node is use.value.args[0])
    value = script.evaluate(use.value.args[0], scope)
    assert isinstance(value, Known)
    assert (value.value, value.assumed) == ("H100", "the default of parameter gpu")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n = 2 if big() else 1\nn", {2: "if big()", 1: "unless big()"}),
        ("if big():\n    n = 8\nelse:\n    n = 4\nn", {8: "if big()", 4: "unless big()"}),
        ("n = 1\nif big():\n    n = 8\nn", {8: "if big()", 1: "unless big()"}),
        (
            "if a():\n    n = 1\nelif b():\n    n = 2\nelse:\n    n = 3\nn",
            {1: "if a()", 2: "unless a() and if b()", 3: "unless a() and unless b()"},
        ),
        (
            "n = 4\nif not small():\n    n = 8\nf'H100:{n}'",
            {"H100:8": "unless small()", "H100:4": "if small()"},
        ),
        ("x = 1 if a() else 2\ny = 3 if a() else 4\nx * 10 + y", {13: "if a()", 24: "unless a()"}),
        ("x = 1 if a() else 2\nx, x + 1", {(1, 2): "if a()", (2, 3): "unless a()"}),
        ("def f():\n    if a():\n        return 8\n    return 4\nf()", {8: "if a()", 4: "unless a()"}),
    ],
)
def test_several_values_come_with_their_conditions(text: str, expected: dict[object, str]) -> None:
    value = last(text)
    assert certain(value)
    assert {one.value.value: one.condition for one in possible(value)} == expected


def test_conditions_that_can_be_read_decide() -> None:
    assert known("DEBUG = False\nn = 1 if DEBUG else 8\nn") == 8
    assert known("KIND = 'big'\nif KIND == 'big':\n    n = 8\nelse:\n    n = open('x')\nn") == 8


def test_a_condition_on_the_environment_is_assumed_and_keeps_the_other_value() -> None:
    value = last("import os\nFAST = os.environ.get('FAST', '0') == '1'\nn = 8 if FAST else 2\nn")
    assert isinstance(value, Known)
    assert (value.value, value.assumed) == (2, "the default of FAST")
    ((other,), condition) = [one.value.value for one in value.others], value.others[0].condition
    assert (other, condition) == (8, "if FAST")


def test_a_loop_over_a_list_gives_each_of_its_values() -> None:
    script = Script.parse(Source(Path("s.py"), "for gpu in ['H100', 'A100:2']:\n    print(gpu)\n"))
    names = [one for one in script.placed if isinstance(one.node, ast.Name) and one.node.id == "gpu"]
    use = names[-1]
    assert isinstance(use.node, ast.Name)
    value = script.evaluate(use.node, use.scope)
    assert [(one.value.value, one.condition) for one in possible(value)] == [
        ("H100", "if gpu == 'H100'"),
        ("A100:2", "if gpu == 'A100:2'"),
    ]


def test_more_values_than_are_told_apart_are_unknown() -> None:
    tests = "".join(f"if ask({n}):\n    n += {2**n}\n" for n in range(8))
    value = last(f"n = 0\n{tests}n")
    assert isinstance(value, Unknown)
    assert not possible(value)


@pytest.mark.parametrize(
    "text",
    [
        "n = int(input())\nn",
        "n = open('n').read()\nn",
        "import random\nrandom.choice(['H100', 'A100'])",
        "import sys\nsys.argv[1]",
        "import os\nos.environ['GPU']",
        "import os\nos.environ.get('GPU')",
        "for n in range(8):\n    pass\nn",
        "n = 0\nfor i in range(3):\n    n += i\nn",
        "n = 0\nwhile n < 10:\n    n = 10\nn",
        "xs = [x * 2 for x in (1, 2)]\nxs",
        "n = 1\ndel n\nn",
        "double = lambda n: n * 2\ndouble(4)",
        "n = 1\ndef f():\n    global n\n    n = 2\nf()\nn",
        "n = 1\nglobals()['n'] = 2\nn",
        "class C:\n    n = 1\nC.n = ask()\nC.n",
        "class C:\n    n = 1\nsetattr(C, 'n', 2)\nC.n",
        "class C:\n    n = 1\nc = C()\nfor k, v in ask():\n    setattr(c, k, v)\nc.n",
        "import settings\nsettings.N = 2\nsettings.N",
        "xs = [1]\nys = xs\nys.append(2)\nxs",
        "xs = [1]\ndef add(x):\n    xs.append(x)\nadd(2)\nxs",
        "D = {'n': 1}\ndef f(n):\n    D['n'] = n\n    return D['n']\nf(2)",
        "try:\n    n = ask()\nexcept Exception:\n    raise\nn",
        "with ask() as n:\n    pass\nn",
        "match ask():\n    case [n, *_]:\n        pass\nn",
        "match ask():\n    case {'n': n}:\n        pass\nn",
        "if (n := ask()):\n    pass\nn",
        "n = 1\nprint([n := i for i in range(3)])\nn",
        "def f(*args):\n    return args[0]\nf(8)",
        "def f():\n    yield 8\nf()",
        "async def f():\n    return 8\nf()",
        "import functools\ndef wrap(g):\n    return lambda: 4\n@wrap\ndef f():\n    return 8\nf()",
        "def f(n):\n    while True:\n        return n\nf(8)",
        "n = m\nm = n\nn",
        "def f(n):\n    return f(n - 1)\nf(8)",
        "try:\n    from shared import N\nexcept ImportError:\n    N = 8\nN",
        "from shared import *\nN",
        "n: int\nn",
        "x = 'H100'[ask()]\nx",
        "f'{ask()}'",
        "{ask(): 1}",
        "'H100:8'.encode()",
    ],
)
def test_what_only_the_run_can_tell_stays_unknown(text: str) -> None:
    value = last(text)
    assert isinstance(value, Unknown)
    assert value.reason
    assert not certain(value) or isinstance(value, OneOf)
    assert not possible(value)


def test_a_dict_keeps_what_can_be_read_beside_what_cannot() -> None:
    value = last("{'gpu': 'H100', 'timeout': int(input())}['gpu']")
    assert isinstance(value, Known)
    assert value.value == "H100"
    assert isinstance(last("{'gpu': 'H100', 'timeout': int(input())}['timeout']"), Unknown)
    assert isinstance(last("str({'gpu': 'H100', 'timeout': int(input())})"), Unknown)


def test_a_value_names_the_literals_that_it_was_made_of() -> None:
    text = "NAME, COUNT = 'H100', 10\ndef gpu(count):\n    return f'{NAME}:{count}'\ngpu(COUNT)"
    value = last(text)
    assert isinstance(value, Known)
    named = {leaf.name: (leaf.value, leaf.span.line, leaf.span.column) for leaf in value.leaves if leaf.name}
    assert named["NAME"] == ("H100", 1, 15)
    assert (10, 1, 23) in named.values()
