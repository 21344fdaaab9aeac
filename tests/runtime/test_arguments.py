"""What a launch takes as arguments: in place, copied in, copied back, refused."""

from __future__ import annotations

import array
import ctypes
import gc
import sys
from fractions import Fraction

import cudapy as cp
import numpy as np
import pytest


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


# mixed : void (bool flag, int n, double d, int* out, double* real)
def mixed(flag, n, d, out, real):
    if idx == 0:
        out[0] = n if flag else -n
        real[0] = d


@cp.kernel
def double_up(X):
    if idx < len(X):
        X[idx] = X[idx] + X[idx]


@cp.kernel
def put(value, out):
    if idx == 0:
        out[0] = value


@cp.kernel
def reverse_into(X, Y):
    if idx < len(X):
        Y[idx] = X[len(X) - 1 - idx]


@pytest.fixture(scope="module")
def saxpy_call():
    return cp.compile(saxpy)


def test_numpy_arrays_are_used_in_place(saxpy_call):
    X, Y = np.arange(100, dtype=np.float32), np.ones(100, np.float32)
    saxpy_call(100)(2, X, Y)
    assert np.array_equal(Y, 2 * np.arange(100) + 1)
    assert np.array_equal(X, np.arange(100))


def test_cuda_arrays_and_kept_launchers(saxpy_call):
    X, Y = cp.CudaArray([1.0, 2.0, 3.0]), cp.CudaArray([0.0, 0.0, 0.0])
    launcher = saxpy_call(3)
    for _ in range(3):
        launcher(1.0, X, Y)
    assert Y.toList() == [3.0, 6.0, 9.0]


def test_lists_are_copied_back_where_the_kernel_wrote(saxpy_call):
    X, Y = [1, 2, 3], [10, 0.1, 5.0]
    kept = Y[2]
    saxpy_call(2)(2, X, Y)
    assert Y[:2] == [12.0, pytest.approx(4.1)]
    assert Y[2] is kept
    assert X == [1, 2, 3] and all(type(x) is int for x in X)


@pytest.mark.parametrize("place", [0, 2, 4])
def test_lists_that_their_own_elements_take_away(place, saxpy_call):
    """Converting an element runs Python, which may do anything to the list that is being read."""

    def values():
        made: list[object] = [1.0] * 4
        made.insert(place, type("Clears", (), {"__float__": lambda self: made.clear() or 1.0})())
        return made

    with pytest.raises((TypeError, IndexError), match=r"it changed its length|range"):
        double_up(5)(values())
    Y = np.zeros(5, np.float32)
    if place == 4:  # all is read by then, and nothing is to be stored
        saxpy_call(5)(1.0, values(), Y)
        assert Y.tolist() == [1.0] * 5
    else:
        with pytest.raises(cp.CudaTypeError, match="it changed its length"):
            saxpy_call(5)(1.0, values(), Y)
        assert not Y.any()


def test_elements_that_the_kernel_left_alone_keep_their_objects():
    @cp.kernel("void (float* X)")
    def second(X):
        if idx == 1:
            X[idx] = 7.0

    values = [0.1, 0.2, 3]
    second(3)(values)
    assert values == [0.1, 7.0, 3]


def test_the_same_list_twice_is_one_array():
    values = [1.0, 2.0, 3.0, 4.0]

    @cp.kernel("void (float* A, float* B)")
    def both(A, B):
        if idx == 0:
            A[0] = 10.0
            B[1] = A[0] + 1.0

    both(1)(values, values)
    assert values == [10.0, 11.0, 3.0, 4.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.arange(10, dtype=np.int32)[::2],
        lambda: np.arange(10, dtype=np.int32)[::-1],
        lambda: np.arange(5, dtype=np.int32).astype(">i4"),
        lambda: np.frombuffer(
            bytearray(b"\0" + np.arange(5, dtype=np.int32).tobytes()), np.int32, offset=1
        ),
        lambda: array.array("i", range(5)),
        lambda: (ctypes.c_int * 5)(*range(5)),
        lambda: memoryview(array.array("i", range(5))),
        lambda: np.arange(5, dtype=np.int32).reshape(5),
        lambda: np.zeros(0, np.int32),
        lambda: np.arange(5, dtype=np.int32)[2:3],
    ],
    ids=[
        "strided",
        "negative stride",
        "byte-swapped",
        "misaligned",
        "array",
        "ctypes",
        "memoryview",
        "plain",
        "empty",
        "one",
    ],
)
def test_every_layout_is_written_back(make):
    values = make()
    wanted = [2 * int(x) for x in values]
    double_up(len(values))(values)
    assert [int(x) for x in values] == wanted


def test_dlpack_and_array_interface():
    class Pack:
        def __init__(self, source):
            self.source = source

        def __dlpack__(self, **kwargs):
            return self.source.__dlpack__(**kwargs)

        def __dlpack_device__(self):
            return self.source.__dlpack_device__()

    class Interface:
        def __init__(self, source):
            self.source = source
            self.__array_interface__ = source.__array_interface__

    for wrapper in (Pack, Interface):
        for step in (1, 3):
            source = np.arange(12, dtype=np.float32)
            wanted = source.copy()
            wanted[::step] *= 2
            double_up(12 // step)(wrapper(source[::step]))
            assert np.array_equal(source, wanted)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape": (-9,)},
        {"shape": (2**40, 2**40), "strides": (0, 0)},
        {"shape": (2**64,)},
        {"strides": (4, 4)},
        {"strides": "four"},
        {"data": (0, False)},
        {"data": (None, False)},
    ],
)
def test_array_interfaces_that_cannot_be_true(wrong):
    held = np.arange(9, dtype=np.float32)
    described = type(
        "Described", (), {"__array_interface__": {**held.__array_interface__, **wrong}}
    )
    with pytest.raises(cp.CudaTypeError, match=r"malformed|no tuple|no memory"):
        double_up(9)(described())
    with pytest.raises(cp.CudaTypeError):
        cp.CudaArray(described())


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (3, np.int32),
        (2**31 - 1, np.int32),
        (2**31, np.int64),
        (-(2**31) - 1, np.int64),
        (2**63, np.uint64),
        (0.5, np.float32),
        (True, np.bool_),
        *(
            (np.dtype(name).type(1), np.dtype(name))
            for name in ("int8", "int16", "uint8", "uint32", "int64", "float64")
        ),
    ],
)
def test_numbers_choose_their_type(value, dtype):
    kernel = cp.kernel(put.__wrapped__)
    out = np.zeros(1, dtype)
    kernel(1)(value, out)
    assert out[0] == value
    name = np.dtype(dtype).name
    assert kernel.signatures == (f"void ({name} value, {name}* out)",)


def test_weak_floats_follow_the_arrays():
    kernel = cp.kernel(put.__wrapped__)
    single, double = np.zeros(1, np.float32), np.zeros(1, np.float64)
    kernel(1)(0.1, single)
    kernel(1)(0.1, double)
    assert double[0] == 0.1 and single[0] == np.float32(0.1)
    assert kernel.signatures == (
        "void (float64 value, float64* out)",
        "void (float32 value, float32* out)",
    )
    kernel(1)(np.float64(0.1), double)
    assert set(kernel.signatures) == {
        "void (float64 value, float64* out)",
        "void (float32 value, float32* out)",
    }


def test_each_combination_of_types_keeps_its_own_code():
    kernel = cp.kernel(put.__wrapped__)
    for _ in range(3):
        for value, dtype in (
            (1.5, np.float32),
            (2, np.int32),
            (np.float64(2.5), np.float64),
            (2**40, np.int64),
            (True, np.bool_),
            (7, np.int32),
        ):
            out = np.zeros(2, dtype)
            kernel(1)(value, out)
            assert out.tolist() == [value, 0]
    assert len(set(kernel.signatures)) == 5


def test_lists_choose_the_type_without_a_signature():
    for values, name in (
        ([1, 2], "int32"),
        ([1, 2**40], "int64"),
        ([1.0, 2], "float32"),
        ([True], "int32"),
    ):
        kernel = cp.kernel(reverse_into.__wrapped__)
        out = [0] * len(values) if name != "float32" else [0.0] * len(values)
        if name == "int64":
            out = [2**40, 0]
        kernel(len(values))(values, out)
        assert out == values[::-1]


def test_scalars_take_what_fits():
    call = cp.compile(mixed)
    out, real = np.zeros(1, np.int32), np.zeros(1)
    for flag, n, d in (
        (True, 5, 2.5),
        (np.bool_(False), np.int64(6), np.float32(0.5)),
        (1, True, 3),
        (0, np.uint8(200), Fraction(1, 4)),
    ):
        call(1)(flag, n, d, out, real)
        assert out[0] == (int(n) if flag else -int(n))
        assert real[0] == float(d)


REFUSED = [
    (
        lambda k: k(2)(1.0, [1.0]),
        "`saxpy` takes 3 arguments, 2 were given\n  its signature is saxpy(float32 alpha, float32* X, float32* Y)",
    ),
    (lambda k: k(2)(), "takes 3 arguments, 0 were given"),
    (lambda k: k(2)(1.0, [1.0], [1.0], 3), "takes 3 arguments, 4 were given"),
    (lambda k: k(2)(1.0, X=[1.0]), "`saxpy` lacks its argument `Y`"),
    (
        lambda k: k(2)("a", [1.0], [1.0]),
        "argument `alpha` of `saxpy`: expected float32, got 'a', a str",
    ),
    (
        lambda k: k(2)([1.0], [1.0], [1.0]),
        "argument `alpha` of `saxpy`: expected float32, got [1.0], a list",
    ),
    (lambda k: k(2)(None, [1.0], [1.0]), "argument `alpha` of `saxpy`: expected float32, got None"),
    (
        lambda k: k(2)(np.ones(2), [1.0], [1.0]),
        "`alpha` of `saxpy`: expected float32, got a NumPy array of float64",
    ),
    (lambda k: k(2)(1j, [1.0], [1.0]), "a complex"),
    (
        lambda k: k(2)(1.0, 2.0, [1.0]),
        "`X` of `saxpy`: expected float32* (an array of float32), got 2.0, a float",
    ),
    (
        lambda k: k(2)(1.0, np.ones(2), np.ones(2, np.float32)),
        "got a NumPy array of float64\n  help: pass X.astype(np.float32)",
    ),
    (lambda k: k(2)(1.0, cp.CudaArray([1, 2]), [1.0]), "got a CudaArray of int32"),
    (
        lambda k: k(2)(1.0, np.ones((2, 2), np.float32), [1.0]),
        "with 2 dimensions\n  help: pass X.ravel(), or write `float32** X` in the signature",
    ),
    (lambda k: k(2)(1.0, np.float32(1), [1.0]), "with 0 dimensions"),
    (lambda k: k(2)(1.0, np.ones(2, np.longdouble), [1.0]), "its element format"),
    (
        lambda k: k(2)(1.0, ["a"], [1.0]),
        "`X` of `saxpy`: item 0 is 'a', a str, which does not become float32",
    ),
    (
        lambda k: k(2)(1.0, [[1.0]], [1.0]),
        "expected float32* (an array of float32), got a list of 2 dimensions",
    ),
    (lambda k: k(2)(1.0, "abc", [1.0]), "got 'abc', a str"),
    (lambda k: k(2)(1.0, {1: 2}, [1.0]), "a dict"),
    (
        lambda k: k(2)(1.0, [1.0], (1.0, 2.0)),
        "`Y` of `saxpy`: the kernel writes it, and a tuple cannot be written",
    ),
    (lambda k: k(2)(1.0, [1.0], range(3)), "and a range cannot be written"),
    (
        lambda k: k(2)(1.0, [1.0], np.broadcast_to(np.float32(1), (4,))),
        "several of its indices lead to one element, as in an array that was broadcast\n  help: pass a copy",
    ),
    (
        lambda k: k(2)(1.0, [1.0], np.frombuffer(b"1234", np.float32)),
        "a read-only NumPy array cannot be written",
    ),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_mistakes_name_the_argument(saxpy_call, number):
    call, text = REFUSED[number]
    with pytest.raises(cp.CudaTypeError) as raised:
        call(saxpy_call)
    assert text in str(raised.value)
    assert isinstance(raised.value, TypeError) and isinstance(raised.value, cp.CudaPyError)


def test_read_only_arrays_may_be_read(saxpy_call):
    X = np.ones(4, np.float32)
    X.flags.writeable = False
    Y = [0.0] * 4
    saxpy_call(4)(1.0, X, Y)
    saxpy_call(4)(1.0, np.broadcast_to(np.float32(1), (4,)), Y)
    saxpy_call(4)(1.0, (1.0,) * 4, Y)
    assert Y == [3.0] * 4


def test_what_is_refused_changes_nothing(saxpy_call):
    Y = [1.0, 2.0]
    with pytest.raises(cp.CudaTypeError):
        saxpy_call(2)(1.0, ["x", 2.0], Y)
    assert Y == [1.0, 2.0]


@pytest.mark.parametrize(
    ("value", "text"), [(2**31, "int32 holds integers from -2147483648"), (10**30, "int32 holds")]
)
def test_integers_out_of_range(value, text):
    call = cp.compile(mixed)
    with pytest.raises(OverflowError) as raised:
        call(1)(True, value, 1.0, [0], [0.0])
    assert "argument `n` of `mixed`" in str(raised.value) and text in str(raised.value)


def test_floats_are_no_integers_and_numbers_no_bools():
    call = cp.compile(mixed)
    with pytest.raises(cp.CudaTypeError, match=r"expected int32, got 2.0, a float"):
        call(1)(True, 2.0, 1.0, [0], [0.0])
    with pytest.raises(OverflowError, match="bool holds False and True"):
        call(1)(2, 2, 1.0, [0], [0.0])
    with pytest.raises(cp.CudaTypeError, match=r"expected int32, got .*float64"):
        call(1)(True, np.float64(2), 1.0, [0], [0.0])


def test_buffers_are_held_during_a_launch_and_released_after():
    values = bytearray(8)
    view = memoryview(values).cast("i")
    double_up(2)(view)
    view.release()
    values.append(1)  # would raise BufferError if the buffer were still held

    held = array.array("i", [1, 2])
    with pytest.raises(cp.CudaTypeError):
        cp.compile(saxpy)(2)(1.0, held, held)
    held.append(3)


def test_references_are_balanced(saxpy_call):
    X, Y, alpha = np.ones(4, np.float32), np.ones(4, np.float32), 1234.5
    values = [1.0, 2.0]

    def once():
        saxpy_call(4)(alpha, X, Y)
        saxpy_call(2)(alpha, values, Y)
        for bad in (np.ones(2), "x"):
            with pytest.raises(cp.CudaTypeError):
                saxpy_call(4)(alpha, bad, Y)

    for _ in range(3):
        once()
    gc.collect()
    before = [sys.getrefcount(x) for x in (X, Y, alpha, values, saxpy_call)]
    for _ in range(100):
        once()
    gc.collect()
    assert [sys.getrefcount(x) for x in (X, Y, alpha, values, saxpy_call)] == before


def test_many_arguments_go_beyond_the_fast_path():
    names = [f"A{i}" for i in range(20)] + [f"s{i}" for i in range(80)]
    lines = "".join(f"        A{i}[0] = s{i} + s{i + 20}\n" for i in range(20))
    namespace: dict[str, object] = {}
    import linecache

    text = f"def many({', '.join(names)}):\n    if idx == 0:\n{lines}"
    linecache.cache["<many>"] = (len(text), None, text.splitlines(True), "<many>")
    exec(compile(text, "<many>", "exec"), namespace)
    kernel = cp.kernel(namespace["many"])
    arrays = [np.zeros(1) for _ in range(20)]
    kernel(1)(*arrays, *[np.float64(i) for i in range(80)])
    assert [a[0] for a in arrays] == [2 * i + 20 for i in range(20)]


@pytest.mark.parametrize("declared", [None, "float", "double", "int64", "uint8"])
def test_numbers_of_any_kind_mean_in_a_later_call_what_they_mean_in_the_first(declared):
    def thirds(a, R):
        R[idx] = a / 3

    def make():
        return cp.compile(thirds, sigs=declared and f"void ({declared} a, double* R)")

    kept = make()
    numbers = [2, 2.5, True, 2**40, *(t(2) for t in (np.float32, np.float64, np.int8, np.uint8))]
    numbers += [np.float64(0.1), np.int64(7), np.int64(2**40), np.uint64(9), np.bool_(True)]
    numbers += [np.array(0.1), np.array(5, ">i4"), np.float16(0.5), np.longdouble(0.1)]
    for number in numbers * 2:
        outcomes = []
        for kernel in (make(), kept, kept):
            R = np.zeros(1)
            try:
                kernel(1)(number, R)
                outcomes.append(R[0])
            except (cp.CudaPyError, OverflowError) as error:
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1] == outcomes[2], repr(number)


# doubled_cells : void (float** A, float** B)
def doubled_cells(A, B):
    for x in range(B.shape[1]):
        B[idx, x] = 2 * A[idx, x]


class Reading(np.ndarray):
    """A class of its own."""


def broadcast_pair():
    return np.broadcast_arrays(np.arange(3, dtype="f4"), np.zeros((2, 1), "f4"))[0]


PLANES = {
    "rows": lambda: np.arange(6, dtype="f4").reshape(2, 3),
    "columns": lambda: np.arange(6, dtype="f4").reshape(3, 2).T,
    "every other": lambda: np.arange(24, dtype="f4").reshape(4, 6)[::2, ::2],
    "backwards": lambda: np.arange(6, dtype="f4").reshape(2, 3)[::-1, ::-1],
    "one row": lambda: np.arange(20, dtype="f4").reshape(4, 5)[1:2, ::2],
    "one column": lambda: np.arange(20, dtype="f4").reshape(4, 5)[:, 1:2],
    "a column's column": lambda: np.arange(20, dtype="f4").reshape(4, 5).T[1:2].T,
    "empty": lambda: np.zeros((0, 3), "f4"),
    "broadcast": broadcast_pair,
    "read only": lambda: np.broadcast_to(np.float32(3), (2, 3)),
    "swapped bytes": lambda: np.arange(6, dtype=">f4").reshape(2, 3),
    "askew": lambda: np.frombuffer(bytes(range(25)), "u1")[1:].view("f4").reshape(2, 3),
    "a class": lambda: np.arange(6, dtype="f4").reshape(2, 3).view(Reading),
    "another dtype": lambda: np.zeros((2, 3), np.dtype("f4", metadata={"unit": "m"})),
}


@pytest.mark.parametrize("name", PLANES)
def test_every_numpy_array_is_read_as_it_is(name):
    call = cp.compile(doubled_cells)
    for _ in range(3):  # the first call may go another way than later ones
        A = PLANES[name]()
        B = np.zeros(A.shape, "f4")
        call(len(A))(A, B)
        assert np.array_equal(B, 2 * np.asarray(A))


@pytest.mark.parametrize("name", PLANES)
def test_every_numpy_array_that_can_be_is_written(name):
    call = cp.compile(doubled_cells)
    call(2)(np.ones((2, 3), "f4"), np.zeros((2, 3), "f4"))
    for _ in range(2):
        B = PLANES[name]()
        before = B.copy()
        A = np.ones(B.shape, "f4")
        if name in ("read only", "broadcast", "askew"):
            with pytest.raises((TypeError, ValueError)):
                call(len(A))(A, B)
            assert np.array_equal(B, before)
        else:
            call(len(A))(A, B)
            assert np.array_equal(np.asarray(B), 2 * A)


def test_int64_under_its_other_name():
    X = np.arange(5, dtype=np.longlong)
    for _ in range(3):
        double_up(5)(X)
    assert X.tolist() == [0, 8, 16, 24, 32]
