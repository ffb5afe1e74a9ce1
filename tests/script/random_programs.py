"""Random expressions and programs of what scripts write, for reading against running."""

from __future__ import annotations

from random import Random

_LITERALS = [
    "0", "1", "2", "3", "8", "-1", "60", "0.5", "1e-4", "2.0", "True", "False", "None", "''", "'H100'",
    "'a b'", "'8'", "'{}:{}'", "'%s-%d'",
]  # fmt: skip
_PAIRS = [
    "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", ">=", "and", "or", "in", "not in", "is",
    "is not", "|",
]  # fmt: skip
_CALLS = [
    "int", "float", "str", "bool", "len", "max", "min", "round", "abs", "sum", "sorted", "list",
    "tuple", "dict",
]  # fmt: skip
_METHODS = [
    "upper()", "strip()", "split()", "split(':')", "title()", "copy()", "keys()", "values()", "items()",
    "get('a')", "get('x', 7)", "format(1, 2)", "replace('H', 'B')", "removeprefix('H')",
    "startswith('H')", "partition(' ')", "count('0')", "index(1)", "join(['a', 'b'])", "as_posix()",
]  # fmt: skip
_SHAPES = [
    "({0} @ {1})", "({0} @ {1})", "({0} @ {1})", "({0} if {1} else {2})", "({0} < {1} < {2})", "(-{0})",
    "(not {0})", "(+{0})", "$({0})", "$({0})", "$({0}, {1})", "({0}).%", "({0}).%", "({0})[{1}]",
    "({0})[{1}]", "({0})[{1}:]", "({0})[::{1}]", "[{0}, {1}]", "({0}, {1})", "({0},)", "[*{0}, {1}]",
    "{{{0}: {1}, 'k': {2}}}", "{{**{0}, 'k': {1}}}", "dict({0}, k={1})", "f'{{{q}}}'", "f'x{{{q}:>6}}'",
    "f'{{{q}!r}}'", "f'{{{q}:.{{TWO}}f}}'", "[x for x in {0}]", "(lambda: {0})()", "(lambda x: x)({0})",
    "{{{0}, {1}}}", "({0}).bit_length()", "[{0}] * {1}",
]  # fmt: skip


def expression(random: Random, names: list[str], depth: int = 3) -> str:
    """An expression over literals and names."""
    if depth == 0 or random.random() < 0.25:
        return random.choice(names if names and random.random() < 0.5 else _LITERALS)
    shape = random.choice(_SHAPES)
    parts = [expression(random, names, depth - 1) for _ in range(3)]
    made = shape.format(*parts, q=parts[0].replace("'", '"'))
    made = made.replace("@", random.choice(_PAIRS)).replace("$", random.choice(_CALLS))
    return made.replace(").%", f").{random.choice(_METHODS)}")


_FLAGS = ["ask(1)", "ask(2)", "not ask(1)", "ask(1) and ask(2)", "ask(1) or ask(2)", "os.environ.get('FAST')"]
NAMES = ["a", "b", "c"]


class Writer:
    """Writes random programs over the names a, b and c; `ask` is a function that reading knows nothing of."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.fresh = 0

    def value(self, depth: int = 1) -> str:
        return expression(self.random, NAMES, depth)

    def test(self) -> str:
        if self.random.random() < 0.7:
            return self.random.choice([*_FLAGS, "flag", "other", "not flag"])
        return self.random.choice(["a == 1", "b", "not c", "a in (1, 2)", "b is None", "isinstance(a, int)"])

    def block(self, depth: int, most: int = 3) -> list[str]:
        lines = []
        for _ in range(self.random.randint(1, most)):
            lines += self.statement(depth)
        return lines

    def inside(self, depth: int) -> list[str]:
        return [f"    {line}" for line in self.block(depth - 1, 2)]

    def statement(self, depth: int) -> list[str]:
        random, name = self.random, self.random.choice(NAMES)
        other = random.choice(NAMES)
        simple = [
            [f"{name} = {self.value()}"],
            [f"{name} = {self.value()}"],
            [f"{name} = {self.value(2)}"],
            [f"{name} = {other}"],
            [f"{name} += {self.value(0)}"],
            [f"{name} = {name} or {self.value(0)}"],
            [f"{name}.append({random.choice(_LITERALS)})"],
            [f"{name}['k'] = {random.choice(_LITERALS)}"],
            [f"{name} = [{self.value(0)}]"],
            [f"{name} = {{'k': {self.value(0)}}}"],
            [f"{name}, {other} = {self.value(0)}, {self.value(0)}"],
            [f"{name} = {other} = {self.value(0)}"],
            [f"{name}: int = {self.value(0)}"],
            [f"del {name}"],
            [f"{name}.update(k={self.value(0)})"],
            [f"if ({name} := {self.value(0)}): {other} = {self.value(0)}"],
            [f"print({name} := {self.value(0)})"],
            [f"globals()['{name}'] = {self.value(0)}"],
            [f"{name} = [one for one in [{self.value(0)}] if one]"],
            [f"[{name} := one for one in [1, 2]]"],
            ["pass"],
        ]
        if depth == 0 or random.random() < 0.5:
            return random.choice(simple)
        inner = self.inside(depth)
        self.fresh += 1
        function = f"f{self.fresh}"
        return random.choice(
            [
                [f"if {self.test()}:", *inner],
                [f"if {self.test()}:", *inner, "else:", *self.inside(depth)],
                [
                    f"if {self.test()}:",
                    *inner,
                    f"elif {self.test()}:",
                    *self.inside(depth),
                    "else:",
                    *self.inside(depth),
                ],
                [f"for {name} in [{self.value(0)}, {self.value(0)}]:", *inner],
                ["for _ in range(2):", *inner, f"    if {self.test()}: break", "else:", *self.inside(depth)],
                [f"for {name}, {other} in [(1, 2), (3, 4)]:", *inner],
                [f"while {self.test()}:", *inner, "    break"],
                ["try:", *inner, "except Exception:", *self.inside(depth)],
                ["try:", *inner, f"except Exception as {name}:", "    pass", "else:", *self.inside(depth)],
                ["try:", *inner, "finally:", *self.inside(depth)],
                [f"with contextlib.nullcontext({self.value(0)}) as {name}:", *inner],
                [
                    f"def {function}():",
                    f"    global {name}",
                    f"    {name} = {self.value(0)}",
                    f"{function}()",
                ],
                [
                    f"def {function}({name}={self.value(0)}):",
                    *inner,
                    f"    return {name}",
                    f"{other} = {function}({random.choice(['', self.value(0), f'{name}={self.value(0)}'])})",
                ],
                [
                    f"def {function}(x):",
                    f"    if {random.choice(['x', self.test()])}:",
                    f"        return {self.value(0)}",
                    f"    return {random.choice(['x', self.value(0)])}",
                    f"{name} = {function}({self.value(0)})",
                ],
                [
                    f"def {function}(*args, **options):",
                    f"    return {random.choice(['args', 'options', 'len(args)'])}",
                    f"{name} = {function}({self.value(0)})",
                ],
                [
                    f"class C{self.fresh}:",
                    f"    x = {self.value(0)}",
                    f"    y = {random.choice(['x', self.value(0)])}",
                    *random.choice(
                        [
                            [],
                            [f"C{self.fresh}.x = {self.value(0)}"],
                            [f"setattr(C{self.fresh}, 'x', {self.value(0)})"],
                        ]
                    ),
                    f"{name} = C{self.fresh}.{random.choice('xy')}",
                ],
                [
                    f"class C{self.fresh}:",
                    f"    def __init__(self, x={self.value(0)}):",
                    "        self.x = x",
                    f"one = C{self.fresh}({random.choice(['', self.value(0)])})",
                    *random.choice([[], [f"one.x = {self.value(0)}"]]),
                    f"{name} = one.x",
                ],
                [
                    f"match {name}:",
                    "    case 1:",
                    *[f"    {line}" for line in inner],
                    "    case _:",
                    *[f"    {line}" for line in self.inside(depth)],
                ],
                [f"match {name}:", f"    case {other}:", *[f"    {line}" for line in inner]],
                [f"{name} = functools.partial(dict, k={self.value(0)})()"],
            ]
        )


def program(random: Random) -> str:
    """A program that ends with the names whose values it is about."""
    writer = Writer(random)
    lines = ["import contextlib, functools, os", "flag = ask(1)", "other = ask(2)"]
    lines += [f"{name} = {random.choice(_LITERALS)}" for name in NAMES]
    return "\n".join([*lines, *writer.block(2, 5)]) + "\n"
