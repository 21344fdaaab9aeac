"""`cp.set_device("auto")`: a GPU if one can be used, else the CPU, and `cp.devices()` says why."""

from __future__ import annotations

import cudapy as cp
import pytest

PROGRAM = """
cp.set_device("cpu")
cp.set_device("auto")
print(cp.get_device(), *cp.CudaArray([1.0]).device.split(":"))
with cp.device("auto"):
    print(cp.get_device())
for device in cp.devices():
    if device.name.startswith("cuda"):
        print(device.problem)
"""


def test_a_gpu_that_can_be_used_is(run):
    printed, _ = run(PROGRAM)
    assert printed.splitlines() == ["cuda cuda 0", "cuda", "None"]


@pytest.mark.parametrize(
    ("refused", "problem"),
    [("context", "FAKE_ERROR"), ("device", "the driver finds none on this machine")],
)
def test_a_gpu_that_cannot_be_used_leaves_the_cpu(run, refused, problem):
    printed, _ = run(PROGRAM, header="import cudapy as cp\n", FAKE_CUDA_REFUSES=refused)
    device, inner, told = printed.splitlines()
    assert (device, inner) == ("cpu cpu", "cpu")
    assert problem in told


def test_a_machine_without_a_driver_has_the_cpu(run):
    printed, _ = run(
        PROGRAM, header="import cudapy as cp\n", CUDAPY_CUDA_DRIVER="/nowhere/libcuda.so.1"
    )
    device, inner, told = printed.splitlines()
    assert (device, inner) == ("cpu cpu", "cpu")
    assert "/nowhere/libcuda.so.1" in told


@pytest.mark.parametrize("name", [None, 0, b"cpu", ["cuda"]])
def test_a_device_that_is_no_name_is_refused(name):
    for choose in (cp.set_device, lambda name: cp.device(name).__enter__()):
        with pytest.raises(TypeError, match='by its name, such as "cpu" or "cuda", not'):
            choose(name)
    assert cp.get_device() == "cpu"


@pytest.mark.parametrize("number", [-1, "0", 1.5, None])
def test_a_gpu_that_is_no_number_is_refused(number):
    with pytest.raises(ValueError, match="GPUs are numbered from 0"):
        cp.cuda(number)
