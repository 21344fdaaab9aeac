"""Finding the source of functions: files of every kind, prompts, notebooks, doctests, and what has none."""

from __future__ import annotations

import doctest
import importlib.util
import linecache
import os
import subprocess
import sys
import time
from pathlib import Path

import cudapy as cp
import pytest
from cudapy._impl import source


def load(path: Path, text: str | bytes):
    """Writes a module and imports it."""
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def first_and_last(function) -> tuple[int, str, str]:
    _, first, lines, offset, node = source.read(function)
    assert node.lineno + offset == first + next(
        i for i, line in enumerate(lines) if line.lstrip().startswith("def ")
    )
    column = lines[node.lineno + offset - first].index("def ")
    assert node.col_offset == len(lines[node.lineno + offset - first][:column].encode())
    return first, lines[0], lines[-1]


def test_plain_function(tmp_path):
    module = load(tmp_path / "plain.py", "x = 1\n\ndef f(a):\n    return a\n\n\ny = 2\n")
    assert first_and_last(module.f) == (3, "def f(a):", "    return a")


def test_comments_above_belong_to_it_and_those_below_do_not(tmp_path):
    text = "x = 1\n# one\n# f : void (float a)\ndef f(a):\n    # inside\n    return a\n    # last\n# below\n"
    module = load(tmp_path / "comments.py", text)
    assert first_and_last(module.f) == (2, "# one", "    return a")


def test_decorators_over_lines(tmp_path):
    text = "def d(*a):\n    return lambda f: f\n\n@d(1,\n2)\n@d()\ndef f(a):\n    return a\ng = 3\n"
    module = load(tmp_path / "decorated.py", text)
    assert first_and_last(module.f) == (4, "@d(1,", "    return a")


def test_dedented_strings_brackets_and_comments_inside(tmp_path):
    text = 'def f(a):\n    """doc\nat the margin\n"""\n# a comment\n    b = (a +\n1)\n\n    return b\nx = 1\n'
    module = load(tmp_path / "dedented.py", text)
    assert first_and_last(module.f)[2] == "    return b"


def test_methods_closures_and_one_line_functions(tmp_path):
    text = (
        "class A:\n    def m(self): return 1\n"
        "    def n(self):\n        def inner(é='é'):\n            return é\n        return inner\n"
    )
    module = load(tmp_path / "nested.py", text)
    assert first_and_last(module.A.m)[1:] == ("    def m(self): return 1",) * 2
    assert first_and_last(module.A().n())[2] == "            return é"


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfdef f(a):\r\n    return a\r\nx = 1\r\n",
        b"# -*- coding: latin-1 -*-\ndef f(a):\n    # \xe9\n    return a\n",
        b"def f(a):\n\tif a:\n\t\treturn a\n\treturn a\n",
        b"def f(a):\n    \x0c\n    return a\n",
        b"def f(a):\n    return a",
    ],
    ids=["bom-crlf", "latin-1", "tabs", "form-feed", "no-newline"],
)
def test_bytes_of_every_kind(tmp_path, data):
    module = load(tmp_path / "bytes.py", data)
    assert first_and_last(module.f)[2].strip() == "return a"


def test_nothing_heavy_is_imported_for_a_file():
    program = (
        "import sys; before = set(sys.modules)\n"
        "from cudapy._impl import source\n"
        "from cudapy._impl import errors as module\n"
        "source.read(module.CompileError.__init__)\n"
        "print(sorted({'inspect', 'ast', 'tokenize', 'linecache', 'numpy'} & (set(sys.modules) - before)))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=_env(),
    )
    assert run.stdout.strip() == "[]"


def test_a_read_is_quick(tmp_path):
    module = load(
        tmp_path / "quick.py",
        "x = 1\n" * 2000 + "def f(a):\n" + "    a = a * a + a\n" * 20 + "    return a\n",
    )
    os.utime(tmp_path / "quick.py", (1, 1))
    source.read(module.f)
    best = min(_seconds(lambda: source.read(module.f)) for _ in range(20))
    assert best < 1e-3


def _seconds(action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def test_a_changed_file_is_noticed(tmp_path):
    path = tmp_path / "changing.py"
    module = load(path, "def f(a):\n    return a + 1\n")
    source.read(module.f)
    path.write_text("def f(a):\n    return a + 22\n")
    with pytest.raises(source.SourceError, match="has changed"):
        source.read(module.f)
    path.write_text("x = 1\ndef f(a):\n    return a + 1\n")
    with pytest.raises(source.SourceError, match="has changed"):
        source.read(module.f)
    path.write_text("")
    with pytest.raises(source.SourceError, match="has changed"):
        source.read(module.f)


def test_a_notebook_cell_is_found_in_linecache():
    name = "<ipython-input-3-abcdef>"
    text = "# f : void (float* X)\ndef f(X):\n    X[idx] = 1\n"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    namespace: dict[str, object] = {}
    exec(compile(text, name, "exec"), namespace)
    try:
        assert "float32* X" in repr(cp.compile(namespace["f"]))
    finally:
        del linecache.cache[name]


def test_a_doctest_has_source():
    def example():
        """
        >>> import cudapy as cp
        >>> # f : void (float* X)
        >>> def f(X):
        ...     X[idx] = 2.5
        >>> "= 2.5" in cp.compile(f, sig="void (float* X)").inspect("tree")
        True
        """

    runner = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder().find(example, "example", globs={}):
        runner.run(test)
    assert runner.summarize(verbose=False) == (0, 3)


def _env() -> dict[str, str]:
    paths = [str(Path(cp.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "TERM": "dumb",
        "PYTHON_BASIC_REPL": "1",
    }


def _at_the_prompt(lines: list[str]) -> str:
    """What an interactive interpreter prints when these lines are typed."""
    pty = pytest.importorskip("pty")
    import select

    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-q"], _env())
    printed = b""
    for line in [*lines, "", "exit()"]:
        ready = False
        deadline = time.monotonic() + 20
        while not ready and time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.1)[0]:
                printed += os.read(terminal, 65536)
            ready = printed.rstrip(b" ").endswith((b">>>", b"...")) or printed.endswith(
                (b">>> ", b"... ")
            )
        os.write(terminal, line.encode() + b"\n")
        printed += b" "
    try:
        while chunk := os.read(terminal, 65536):
            printed += chunk
    except OSError:
        pass  # the other end is gone
    os.close(terminal)
    os.waitpid(pid, 0)
    return printed.decode()


def test_a_function_typed_at_the_prompt_compiles():
    pytest.importorskip("readline")
    shown = _at_the_prompt(
        [
            "import readline",
            "import cudapy as cp",
            "def fill(X):",
            "    if idx < len(X):",
            "        X[idx] = 4.5",
            "",
            'print(cp.compile(fill, sig="void (float* X)").inspect("tree"))',
        ]
    )
    assert "X[idx] = 4.5" in shown.split('inspect("tree"))')[-1], shown


@pytest.mark.parametrize("text", ["async def f(): ...", "def f():\n    yield 1"])
def test_what_is_no_plain_function_is_refused(text, tmp_path):
    module = load(tmp_path / "refused.py", text + "\n")
    with pytest.raises(source.SourceError) as raised:
        source.read(module.f)
    assert raised.value.help and raised.value.line == 1 and raised.value.text in text


def test_a_program_from_standard_input_is_told_to_be_a_file():
    program = "import cudapy as cp\ndef f(X):\n    X[idx] = 1\n\ncp.compile(f)(1)([1])\n"
    run = subprocess.run([sys.executable], input=program, capture_output=True, text=True)
    assert run.returncode != 0
    assert "run it as a file" in run.stderr or sys.version_info >= (3, 13)
