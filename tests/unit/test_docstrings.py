"""Every public name says what it is, with an example that runs; the names of kernels do so outside of them."""

from __future__ import annotations

import doctest
import inspect
import os
import pydoc
import subprocess
import sys
import types
from collections.abc import Iterator
from typing import Any

import cudapy as cp
import pytest
from cudapy import _core
from cudapy._impl import attribute_docs, placeholders

NAMES = [*cp.__all__, "all", "any", "compile"]


def public_members(owner: Any) -> list[str]:
    """What a class has of its own, other than data in slots and the fields of a NamedTuple."""
    fields = getattr(owner, "_fields", ())
    return [
        name
        for name, member in vars(owner).items()
        if not name.startswith("_")
        and name not in fields
        and not isinstance(member, types.MemberDescriptorType)
    ]


def documented() -> Iterator[tuple[str, Any]]:
    core = {"Kernel": _core.Kernel, "Launcher": _core.Launcher}
    for name, value in {**{name: getattr(cp, name) for name in NAMES}, **core}.items():
        yield name, value
        owner = value if inspect.isclass(value) else type(value) if name == "atomic" else None
        if owner is not None:
            for member in public_members(owner):
                yield f"{name}.{member}", getattr(value, member)


ALL = dict(documented())


def why_no_gpu() -> str | None:
    return next((d.problem for d in cp.devices() if d.name.startswith("cuda")), None)


@pytest.mark.parametrize("name", [name for name in ALL if name != "cache_clear"])
def test_a_public_name_has_its_own_text_with_an_example_that_runs(name: str) -> None:
    text = inspect.getdoc(ALL[name])
    assert text
    kind = type(ALL[name])
    if not inspect.isclass(ALL[name]) and not inspect.isroutine(ALL[name]) and name != "atomic":
        assert text != inspect.getdoc(kind)
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert example.examples
    if 'cp.set_device("cuda")' in text and (problem := why_no_gpu()) is not None:
        pytest.skip(f"needs an NVIDIA GPU: {problem}")
    result = doctest.DocTestRunner().run(example)
    assert result.attempted > 0 and result.failed == 0


def test_the_example_that_empties_the_cache_runs_where_nobody_keeps_one(tmp_path) -> None:
    code = (
        "import doctest, cudapy as cp; "
        "example = doctest.DocTestParser().get_doctest(cp.cache_clear.__doc__, {}, 'x', None, None); "
        "print(tuple(doctest.DocTestRunner().run(example))[:2])"
    )
    environment = {**os.environ, "CUDAPY_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "(0, 3)", done.stderr


@pytest.mark.parametrize("name", ALL)
def test_help_shows_the_text(name: str) -> None:
    shown = pydoc.render_doc(ALL[name], renderer=pydoc.plaintext)
    text = inspect.getdoc(ALL[name])
    assert text is not None
    assert text.splitlines()[0] in shown


def test_functions_of_threads_have_signatures() -> None:
    functions = {n: f for n, f in ALL.items() if isinstance(f, placeholders.DeviceFunction)}
    assert len(functions) > 50
    for function in functions.values():
        assert all(
            p.kind is p.POSITIONAL_ONLY for p in inspect.signature(function).parameters.values()
        )
    assert str(inspect.signature(cp.rand)) == "(seed, i, j=0, /)"
    assert str(inspect.signature(cp.atomic.cas)) == "(A, i, expected, v=Ellipsis, /)"
    assert repr(cp.shfl) == "<cudapy.shfl(v, lane, width=32, /): only inside a kernel>"
    assert cp.rand.__name__ == "rand" and cp.atomic.add.__qualname__ == "atomic.add"


def is_of_nanobind(value: Any) -> bool:
    """Its functions show their headers in the first line of their texts."""
    return "nb_" in type(value).__name__


def is_called(value: Any) -> bool:
    if isinstance(value, placeholders.Placeholder):
        return isinstance(value, placeholders.DeviceFunction)
    is_error = inspect.isclass(value) and issubclass(value, Exception)
    is_of_core = is_of_nanobind(value) or value is _core.Kernel or value is _core.Launcher
    return callable(value) and not is_error and not is_of_core


@pytest.mark.parametrize("name", [n for n, value in ALL.items() if is_called(value)])
def test_what_is_called_has_a_signature(name: str) -> None:
    assert inspect.signature(ALL[name]) is not None


def test_classes_of_documented_names_keep_their_own_text() -> None:
    assert (placeholders.Placeholder.__doc__ or "").startswith("A name that has a value only")
    assert (placeholders.DeviceFunction.__doc__ or "").startswith("A function that only threads")
    assert (type(cp.float32).__doc__ or "").startswith("The type of a scalar")


def test_without_its_source_a_name_says_what_its_class_does(monkeypatch) -> None:
    def no_source(module: types.ModuleType) -> str:
        raise OSError("could not get source code")

    monkeypatch.setattr(inspect, "getsource", no_source)
    monkeypatch.setattr(attribute_docs, "_texts", {})
    assert cp.idx.__doc__ == placeholders.Placeholder.__doc__
    assert attribute_docs.attribute_docs("cudapy._impl.types") == {}
    assert "cudapy._impl.types" in sys.modules


def test_the_texts_are_read_when_they_are_asked_for() -> None:
    code = (
        "import sys, cudapy; cudapy.idx, cudapy.rand, cudapy.float32; "
        "print('ast' in sys.modules, 'inspect' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "False"]


def test_functions_of_the_core_show_their_headers() -> None:
    assert str(inspect.signature(_core.Kernel.notes)) == "(self, /, types=None)"
    assert str(inspect.signature(_core.Kernel.inspect)) == (
        "(self, /, stage, types=None, architecture=None, block=None, *, overlap=False)"
    )
    assert str(inspect.signature(_core.Kernel.compile_for)) == (
        "(self, /, architecture, types=None, block=None, *, overlap=False)"
    )
    for name in ("allocate", "toHost", "to"):
        assert (getattr(cp.CudaArray, name).__doc__ or "").startswith(name + "(")


def test_the_stub_has_the_texts_of_the_core() -> None:
    import ast
    from pathlib import Path

    stub = ast.parse(Path(_core.__file__).with_name("_core.pyi").read_text())
    classes = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}
    for name in ("CudaArray", "Stream", "Event", "Graph", "Kernel", "Launcher"):
        value = getattr(_core, name)
        assert ast.get_docstring(classes[name]) == inspect.getdoc(value)
