"""What the wheel holds, exports, needs and loads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

# What every Linux with a C library has. The wheel brings all else itself.
SYSTEM_LIBRARIES = {
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "librt.so.1",
    "libpthread.so.0",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
}


def core(installed: Path) -> Path:
    """The extension in an unpacked wheel."""
    (found,) = (installed / "cudapy").glob("_core*.so")
    return found


def compiler(installed: Path) -> Path:
    """The compiler's module in an unpacked wheel."""
    return installed / "cudapy" / "libcudapy_jit.so"


def output(*command: str) -> str:
    """A command's standard output."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def run_python(installed: Path, code: str, *, site: bool = False, **environment: str) -> str:
    """Runs code against the unpacked wheel, in an interpreter that sees no other cudapy."""
    program = f"import sys; sys.path.insert(0, {str(installed)!r})\n{code}"
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LD_PRELOAD")}
    flags = ["-E", "-s"] if site else ["-E", "-s", "-S"]
    done = subprocess.run(
        [sys.executable, *flags, "-c", program],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


SAXPY = '''
import array, linecache
source = """
# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]
"""
linecache.cache["<saxpy>"] = (len(source), None, source.splitlines(True), "<saxpy>")
import cudapy as cp
scope = {}
exec(compile(source, "<saxpy>", "exec"), scope)
X = array.array("f", range(1000))
Y = cp.CudaArray(array.array("f", [1.0] * 1000))
cp.compile(scope["saxpy"])(1000)(2.0, X, Y)
assert Y.toList() == [2.0 * i + 1.0 for i in range(1000)]
maps = open("/proc/self/maps").read()
'''


def test_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        licenses = [n for n in names if n.endswith("LICENSE")]
        metadata = archive.read(next(n for n in names if n.endswith("METADATA"))).decode()
    modules = sorted(re.sub(r"\..*\.so$", ".so", n) for n in names if n.endswith(".so"))
    assert modules == ["cudapy/_core.so", "cudapy/libcudapy_jit.so"]
    assert {"cudapy/__init__.py", "cudapy/py.typed"} <= set(names)
    assert all(n.startswith("cudapy/") or ".dist-info/" in n for n in names), names
    unwanted = [n for n in names if re.search(r"\.(a|cpp|h|map|pyc|txt)$|/tests/", n)]
    assert [n for n in unwanted if ".dist-info/" not in n] == []
    assert licenses
    assert "Requires-Python: >=3.10" in metadata
    assert "\nRequires-Dist: " not in re.sub(r"\nRequires-Dist: .*extra ==.*", "", metadata)


def test_tags(wheel: Path) -> None:
    abi = (
        "cp312-abi3" if sys.version_info >= (3, 12) else "cp3{0}-cp3{0}".format(sys.version_info[1])
    )
    assert abi in wheel.name


def test_size(wheel: Path) -> None:
    assert wheel.stat().st_size < 30 * 2**20


@pytest.mark.parametrize("which", [core, compiler])
def test_needs_the_c_library_alone(installed: Path, which) -> None:
    dynamic = output("readelf", "-dW", str(which(installed)))
    needed = set(re.findall(r"\(NEEDED\).*\[(.+?)\]", dynamic))
    assert needed <= SYSTEM_LIBRARIES
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic


@pytest.mark.parametrize(
    ("which", "allowed"), [(core, r"PyInit__core"), (compiler, r"cudapy_jit_\w+")]
)
def test_exports(installed: Path, which, allowed: str) -> None:
    symbols = output("nm", "-D", "--defined-only", "--format=posix", str(which(installed)))
    names = [line.split()[0] for line in symbols.splitlines()]
    assert names
    assert [name for name in names if not re.fullmatch(allowed, name)] == []


@pytest.mark.parametrize("which", [core, compiler])
def test_is_stripped_and_names_its_build(installed: Path, which) -> None:
    sections = output("readelf", "-SW", str(which(installed)))
    assert ".symtab" not in sections and ".debug_info" not in sections
    assert ".note.gnu.build-id" in sections


def test_stack_is_not_executable(installed: Path) -> None:
    for which in (core, compiler):
        segments = output("readelf", "-lW", str(which(installed)))
        (flags,) = re.findall(r"GNU_STACK(?:\s+0x\w+){5}\s+([RWE ]+)", segments)
        assert "E" not in flags


def test_import_loads_neither_llvm_nor_numpy(installed: Path) -> None:
    pytest.importorskip("numpy")
    code = """
import cudapy
from cudapy import CudaArray
maps = open("/proc/self/maps").read()
assert "_core" in maps
assert "libcudapy_jit" not in maps and "libLLVM" not in maps
import sys
assert "numpy" not in sys.modules
"""
    run_python(installed, code, site=True)


def test_import_time(installed: Path, record_property) -> None:
    code = """
import time
begin = time.perf_counter()
import cudapy
from cudapy import CudaArray
print(time.perf_counter() - begin)
"""
    times = sorted(float(run_python(installed, code)) for _ in range(9))
    record_property("import_ms", round(1e3 * times[0], 2))
    assert times[0] < 0.025


def test_runs_without_compiler_or_toolkit(installed: Path, tmp_path: Path) -> None:
    code = SAXPY + 'assert "libcudapy_jit" in maps and "libLLVM" not in maps\n'
    run_python(installed, code, PATH="", CUDAPY_CACHE_DIR=str(tmp_path))


def test_cached_kernel_runs_without_the_compiler_module(installed: Path, tmp_path: Path) -> None:
    run_python(installed, SAXPY, CUDAPY_CACHE_DIR=str(tmp_path))
    code = SAXPY + 'assert "libcudapy_jit" not in maps\n'
    run_python(installed, code, CUDAPY_CACHE_DIR=str(tmp_path))


@pytest.mark.parametrize("when", ["before", "after"])
def test_lives_beside_another_llvm(installed: Path, tmp_path: Path, when: str) -> None:
    folders = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib/llvm-22/lib")
    found = [p for f in folders for p in sorted(Path(f).glob("libLLVM[.-]*so*"))]
    if not found:
        pytest.skip("no shared libLLVM on this machine")
    load = f"import ctypes; ctypes.CDLL({str(found[-1])!r}, mode=ctypes.RTLD_GLOBAL)\n"
    code = (
        load + SAXPY
        if when == "before"
        else SAXPY + load + SAXPY.replace("alpha *", "1.0 * alpha *")
    )
    run_python(installed, code, CUDAPY_CACHE_DIR=str(tmp_path))
