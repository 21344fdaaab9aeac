"""The wheel as the packaging tests see it: built once for the present sources, unpacked once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INPUTS = ("CMakeLists.txt", "cmake", "src", "python", "pyproject.toml", "README.md", "LICENSE")


def source_hash() -> str:
    """A hash of everything that decides what the wheel holds."""
    hasher = hashlib.sha256(sys.version.encode())
    for name in INPUTS:
        top = ROOT / name
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in files:
            if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".so":
                hasher.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
                hasher.update(path.read_bytes())
    return hasher.hexdigest()[:16]


def build(folder: Path) -> None:
    """Runs pip as a user would, but for the isolated environment, which would need the network."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    environment = dict(os.environ)
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    # A sanitizer preloaded into the tests is no concern of the compiler's.
    environment.pop("LD_PRELOAD", None)
    done = subprocess.run(
        [*command, "--wheel-dir", str(folder), str(ROOT)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]


def built_wheel() -> Path:
    """The wheel of the present sources; several test processes may ask at once."""
    cache = ROOT / "build" / "wheels"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / source_hash()
    with open(cache / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = list(folder.glob("*.whl"))
        if not found:
            for old in cache.glob("*/*.whl"):
                old.unlink()
            build(folder)
            found = list(folder.glob("*.whl"))
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel's file."""
    return built_wheel()


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's contents as an installer lays them out, fit for `sys.path`."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder
