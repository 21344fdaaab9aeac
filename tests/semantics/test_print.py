"""What kernels print: Python's own formatting, in the threads' order, the same on every device and gang width."""

from __future__ import annotations

import contextlib
import io
import sys
from functools import partial

import cudapy as cp
import numpy as np
import pytest
from cudapy._impl.interpreter import launch as interpret
from differential import TARGETS, Source, compiling_for, floats, integers


def text_of(launch) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        launch()
    return out.getvalue()


def printed(kernel, threads, arguments, sig=None, block=None) -> str:
    """The text, which every target prints as the reference does."""
    threads = threads if isinstance(threads, tuple) else (threads,)
    listed = kernel if isinstance(kernel, list) else [kernel]
    source = Source(tuple(listed), (sig,) + (None,) * (len(listed) - 1))
    launch = (*threads, 1, 1)[:3]
    expected = text_of(lambda: interpret(source, launch, block, tuple(arguments())))
    for target in TARGETS:
        with compiling_for(target):
            compiled = cp.compile(listed, sig=sig)
            text = text_of(partial(compiled(*threads, block=block), *arguments()))
        assert text == expected, target
    return expected


def values(A, B):
    if idx < len(A):
        print(idx, A[idx], B[idx])


@pytest.mark.parametrize(
    "dtype", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
)
def test_integers_of_all_widths(dtype):
    A = integers(37, 1, dtype)
    text = printed(values, 37, lambda: [A, A[::-1].copy()])
    assert text == "".join(f"{i} {a} {b}\n" for i, (a, b) in enumerate(zip(A, A[::-1])))


def test_floats_have_the_digits_that_tell_them_apart():
    A = floats(70, 3, np.float32, special=True)
    A[:6] = [0.1, 1 / 3, 1e10, 16777216.0, 3.4028235e38, 1e-45]
    B = floats(70, 4, np.float64, special=True)
    text = printed(values, 70, lambda: [A, B])
    lines = [line.split() for line in text.splitlines()]
    assert [line[2] for line in lines] == [repr(float(b)) for b in B]
    assert lines[0][1] == "0.1"
    assert lines[1][1] == "0.33333334"
    assert lines[2][1] == "10000000000.0"
    assert lines[3][1] == "16777216.0"
    assert lines[4][1] == "3.4028235e+38"
    assert lines[5][1] == "1e-45"
    for (_, shown, _), a in zip(lines, A):
        assert np.float32(shown) == a or (np.isnan(a) and shown == "nan")


def formats(X, n):
    if idx < len(X):
        x = X[idx]
        print(f"{idx:03d}|{x:8.3f}|{x:.2e}|{x!r:>14}|{x:g}|{n:+,}|{n:#x}|{x > 0}|{{}}|{x:10}|{n=}")
        print()
        print("a", "b", sep="", end="{}\n")
        print("no number", end="")
        print(end="!\n", sep=None)
        print(1, 2.5, True, -3, 0.1, sep=", ")
        print('%d \\ " \u00fc', x if x > 0 else -x, flush=True)


def test_formats_separators_and_ends():
    X = np.array([0.1, -2.75, 1e20, 3.0], np.float32)
    text = printed(formats, 4, lambda: [X, 12345], sig="void (float* X, int n)")
    first = text.splitlines()
    assert first[0] == (
        "000|   0.100|1.00e-01|           0.1|0.1|+12,345|0x3039|True|{}|       0.1|n=12345"
    )
    assert first[1:6] == ["", "ab{}", "no number!", "1, 2.5, True, -3, 0.1", '%d \\ " \u00fc 0.1']


def turns(X, limit):
    if idx % 3 == 1:
        return
    for k in range(X[idx]):
        if k == limit:
            break
        if (k + idx) % 2 == 0:
            print(idx, "even", k)
            continue
        print(idx, "odd", k)
    else:
        print(idx, "done")


def test_each_thread_in_its_order_the_threads_sorted():
    X = integers(50, 1, "int32", 0, 9)
    text = printed(turns, 50, lambda: [X, 5], sig="void (int* X, int limit)")
    threads = [int(line.split()[0]) for line in text.splitlines()]
    assert threads == sorted(threads)


def show(x):
    print("helper", x)
    return x + 1


def calls(X):
    if idx < len(X):
        X[idx] = show(show(X[idx])) if X[idx] > 2 else 0


def test_helpers_print():
    printed(calls, 20, lambda: [integers(20, 1, "int32", 0, 9)])


def planes(n):
    if idx < n and idy < n:
        print(idx, idy, idz, threadIdx.x, blockIdx.x)


def test_three_dimensions_and_blocks():
    text = printed(planes, (5, 3, 2), lambda: [4], sig="void (int n)", block=(2, 2, 1))
    places = [tuple(map(int, line.split()[:3])) for line in text.splitlines()]
    assert places == [(x, y, z) for z in range(2) for y in range(3) for x in range(4)]


def together(X):
    tile = shared(8, int)
    tile[threadIdx.x] = X[idx]
    print("before", idx)
    syncthreads()
    print("after", idx, tile[7 - threadIdx.x])


def test_beside_barriers():
    text = printed(together, 24, lambda: [integers(24, 1, "int32", 0, 99)], block=(8, 1, 1))
    assert text.splitlines()[:2][0] == "before 0"
    assert text.splitlines()[1].startswith("after 0 ")


def test_threads_of_many_workers_come_out_sorted_and_the_rest_is_counted():
    # lines : void (int n)
    def lines(n):
        if idx < n:
            print(idx)

    kernel = cp.compile(lines)
    assert text_of(lambda: kernel(60_000)(60_000)) == "".join(f"{i}\n" for i in range(60_000))
    text = text_of(lambda: kernel(100_000)(100_000)).splitlines()
    assert text[-1] == f"[cudapy: {100_000 - 65_536} more prints of this launch were dropped]"
    numbers = [int(line) for line in text[:-1]]
    assert len(numbers) == 65_536
    assert numbers == sorted(numbers)


def test_what_was_printed_before_a_fault_comes_out():
    # trace : void (int* X)
    def trace(X):
        print("at", idx)
        X[idx + 3] = 1

    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(IndexError, match="index 4"):
        cp.compile(trace)(2)(np.zeros(4, np.int32))
    assert out.getvalue() == "at 0\nat 1\n"


def test_the_writer_s_error_is_raised():
    class Full(io.StringIO):
        def write(self, text):
            raise OSError("full")

    # line : void (int n)
    def line(n):
        print(n)

    with contextlib.redirect_stdout(Full()), pytest.raises(OSError, match="full"):
        cp.compile(line)(1)(1)
    assert sys.stdout is not None


def test_code_for_a_gpu_takes_records_down():
    # line : void (int n)
    def line(n):
        print(n)

    ptx = cp.compile(line).inspect("ptx")
    assert "cudapy$prints" in ptx
    assert ptx.count("atom.relaxed.gpu.global.add.u64") == 2 or ptx.count("atom") == 2


def complex_numbers(A, B):
    if idx < len(A):
        print(
            idx,
            A[idx],
            B[idx],
            f"{A[idx]:.3f}|{B[idx]:>24}|{A[idx] * 1j!r}|{B[idx]:+.2e}|{A[idx]:25}",
            2j,
        )


def test_complex_numbers():
    random = np.random.default_rng(8)
    B = random.standard_normal(40) + 1j * random.standard_normal(40)
    B[:6] = [
        0.1 + 0.2j,
        1e300j,
        complex(-0.0, 0.0),
        complex(np.inf, np.nan),
        3 - 1e-7j,
        complex(0, -0.0),
    ]
    with np.errstate(over="ignore"):
        A = B.astype(np.complex64)
    text = printed(complex_numbers, 40, lambda: [A, B])
    for line, a, b in zip(text.splitlines(), A, B.tolist()):
        words = line.split()
        assert words[2] == str(b)
        assert f"|{b:>24}|" in line
        assert f"|{b:+.2e}|" in line
        assert words[1] == str(complex(*(float(str(part)) for part in (a.real, a.imag)))), words
        assert f" {complex(a):.3f}|" in line
        assert line.endswith(" 2j")
