"""What a call costs: two NumPy arrays of 256 float32, Y += X."""

import cudapy as cp
import numpy as np
from baselines import native, numba_kernels
from comparison import Comparison, Settings
from kernels.add import add
from rounds import Contestant, check_answers, race

FRESH = "cudapy, k(n)(X, Y)"


def compare(settings: Settings) -> list[Comparison]:
    n = 256
    x, y = np.zeros(n, np.float32), np.zeros(n, np.float32)

    def start() -> None:
        x[:] = np.arange(n)
        y[:] = 1

    kernel = cp.compile(add)
    names = {
        "n": n,
        "X": x,
        "Y": y,
        "k": kernel,
        "launcher": kernel(n),
        "numba_add": numba_kernels.add,
        "numpy_add": np.add,
        "native_add": native.load("add")["add"],
        "pointer_x": x.ctypes.data,
        "pointer_y": y.ctypes.data,
        "device_x": cp.CudaArray(x),
        "device_y": cp.CudaArray(y),
    }

    def contestant(name: str, statement: str, note: str = "") -> Contestant:
        return Contestant(name, statement, names, lambda: y, start, note=note)

    contestants = [
        contestant("numba njit", "numba_add(X, Y)"),
        contestant(FRESH, "k(n)(X, Y)"),
        contestant("cudapy, a kept launcher", "launcher(X, Y)"),
        contestant("NumPy's add", "numpy_add(X, Y, Y)"),
        contestant(
            "C++ through ctypes", "native_add(pointer_x, pointer_y, n)", "pointers taken before"
        ),
    ]
    complaints = check_answers(contestants, np.array_equal)
    on_device = contestant("cudapy, a kept launcher, CudaArrays", "launcher(device_x, device_y)")
    on_device.answer = None
    x[:] = 0
    rows = race([*contestants, on_device], settings.seconds / 4, 3 * settings.rounds)
    comparison = Comparison(
        f"a call with two NumPy arrays of {n} float32", rows, "numba njit", complaints=complaints
    )
    comparison.at_most(0.6, "µs", FRESH, comparison.row(FRESH).median * 1e6)
    return [comparison]
