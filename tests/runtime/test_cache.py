"""The kernel cache as programs meet it: hits without the compiler, and every way in which a folder can be bad."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
import cudapy as cp

SCALE = {scale}

def helper(x):
    return {helper}

# scaled : void (float* X)
def scaled(X):
    if idx < len(X):
        X[idx] = helper(X[idx]) * SCALE

X = cp.CudaArray([1.0, 2.0, 3.0])
cp.compile(scaled)(3)(X)
info = cp.cache_info()
opened = "libcudapy_jit" in open("/proc/self/maps").read()
print(json.dumps(dict(info, result=X.toList(), opened=opened)))
"""


class Programs:
    """Runs variants of one program, each in a process of its own, over one cache folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"

    def start(self, scale=2.0, helper="x + 1.0", before=None, **environment):
        script = self.folder / f"program_{abs(hash((scale, helper)))}.py"
        if not script.exists():  # others may be reading it
            script.write_text(textwrap.dedent(PROGRAM).format(scale=scale, helper=helper))
        settings = {"CUDAPY_CACHE_DIR": str(self.cache), "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen(
            [sys.executable, str(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
            env={**os.environ, **settings, **environment},
        )

    def run(self, *arguments, **keywords):
        return self.result_of(self.start(*arguments, **keywords))

    @staticmethod
    def result_of(process):
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert err == ""
        return json.loads(out)

    def entries(self):
        return [path for path in self.cache.rglob("*") if path.is_file()]


@pytest.fixture
def programs(tmp_path):
    return Programs(tmp_path)


def test_the_second_process_does_not_open_the_compiler(programs):
    first, second = programs.run(), programs.run()
    assert first["result"] == second["result"] == [4.0, 6.0, 8.0]
    assert (first["hits"], first["misses"], first["writes"], first["opened"]) == (0, 1, 1, True)
    assert (second["hits"], second["misses"], second["writes"], second["opened"]) == (
        1,
        0,
        0,
        False,
    )
    assert second["directory"].startswith(str(programs.cache))
    assert second["entries"] == 1 and second["bytes"] > 0


def test_what_decides_the_code_decides_the_entry(programs):
    programs.run()
    assert programs.run(scale=3.0)["result"] == [6.0, 9.0, 12.0]
    assert programs.run(helper="x - 1.0")["result"] == [0.0, 2.0, 4.0]
    assert programs.run(CUDAPY_ISA="sse4")["misses"] == 1
    assert programs.run(CUDAPY_GANG="4")["misses"] == 1
    assert programs.run(helper="x + 1.0  # a comment decides nothing")["hits"] == 1
    assert programs.run()["hits"] == 1


def test_it_can_be_switched_off(programs):
    result = programs.run(CUDAPY_CACHE="0")
    assert result["enabled"] is False and result["result"] == [4.0, 6.0, 8.0]
    assert programs.entries() == []


@pytest.mark.parametrize("damage", ["truncate", "empty", "flip", "foreign"])
def test_a_damaged_entry_is_compiled_again(programs, damage):
    programs.run()
    (entry,) = programs.entries()
    whole = entry.read_bytes()
    if damage == "flip":
        for position in (0, len(whole) // 2, len(whole) - 1):
            entry.write_bytes(
                whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]
            )
            again = programs.run()
            assert again["result"] == [4.0, 6.0, 8.0] and again["hits"] == 0 and again["opened"]
    else:
        entry.write_bytes(
            {"truncate": whole[: len(whole) // 2], "empty": b"", "foreign": b"x" * 5000}[damage]
        )
        again = programs.run()
        assert again["result"] == [4.0, 6.0, 8.0] and again["hits"] == 0 and again["opened"]
    assert programs.run()["hits"] == 1, "the entry was mended"


def test_a_folder_that_cannot_be_made_costs_speed_only(programs):
    programs.cache.write_text("a file, not a folder")
    result = programs.run()
    assert result["result"] == [4.0, 6.0, 8.0]
    assert result["problem"]


def test_a_full_disk_costs_speed_only(programs):
    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    result = programs.run(before=full)
    assert result["result"] == [4.0, 6.0, 8.0]
    assert (result["writes"], result["entries"]) == (0, 0)
    assert programs.entries() == [], "no half-written file is left"
    assert programs.run()["writes"] == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_folder_is_read(programs):
    programs.run()
    folders = [programs.cache, *(path for path in programs.cache.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        assert programs.run()["hits"] == 1
        other = programs.run(scale=5.0)
        assert other["result"] == [10.0, 15.0, 20.0] and other["writes"] == 0
    finally:
        for folder in folders:
            folder.chmod(0o700)


def test_a_folder_that_others_may_write_is_not_trusted(programs):
    programs.run()
    for folder in [programs.cache, *(path for path in programs.cache.rglob("*") if path.is_dir())]:
        folder.chmod(0o777)
    result = programs.run()
    assert result["result"] == [4.0, 6.0, 8.0]
    assert result["hits"] == 0 and result["problem"]


def test_processes_that_write_at_once(programs):
    for _ in range(2):
        started = [programs.start(scale=scale) for scale in (2.0, 3.0) for _ in range(3)]
        results = [programs.result_of(process)["result"] for process in started]
        assert results == [[4.0, 6.0, 8.0]] * 3 + [[6.0, 9.0, 12.0]] * 3
        assert len(programs.entries()) == 2, "no temporary file is left"
