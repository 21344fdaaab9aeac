"""What all Python tests share: the path to their own modules, and how long the generated tests run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# With CUDAPY_TEST_DEVICE=cuda the tests of the language run on a GPU, where faults surface at the next wait: each
# launch waits, so that a test that does not look at results meets its own.
ON_GPU = os.environ.get("CUDAPY_TEST_DEVICE", "cpu").startswith("cuda")
if ON_GPU:
    os.environ["CUDAPY_SYNC"] = "1"
    # Small launches take what large ones do.
    os.environ["CUDAPY_NEIGHBOURS"] = "always"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak",
        action="store_true",
        help="run thousands of generated programs instead of hundreds",
    )


ASSEMBLY = pytest.StashKey["gpu_assembly.Assembly | None"]()


def pytest_configure(config: pytest.Config) -> None:
    if not ON_GPU and not config.getoption("--soak"):
        import gpu_assembly

        config.stash[ASSEMBLY] = gpu_assembly.start()


@pytest.fixture(autouse=True)
def _gpus_assembler_takes_it(request: pytest.FixtureRequest):
    assembly = request.config.stash.get(ASSEMBLY, None)
    if assembly is not None:
        assembly.records = "unrecorded" not in request.keywords
    yield
    if assembly is not None:
        assembly.check()


@pytest.fixture(autouse=True)
def _cpu_device_and_no_forced_code():
    """Leaves no test the device or the forced instruction set of the one before."""
    before = {name: os.environ.get(name) for name in ("CUDAPY_ISA", "CUDAPY_GANG")}
    if ON_GPU:
        import cudapy

        cudapy.set_device("cuda")
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    device = sys.modules.get("cudapy._impl.device")
    if device is not None and device.get_device() != "cpu":
        device.set_device("cpu")
