"""CudaArray: how it is made, read, written and shared with other libraries."""

from __future__ import annotations

import array
import gc
import sys
import weakref

import cudapy as cp
import numpy as np
import pytest

DTYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([1, 2, 3], "int32"),
        ([1, -(2**31)], "int32"),
        ([1, 2**31], "int64"),
        ([1, 2**63], "uint64"),
        ([1.0, 2, True], "float32"),
        ([True, False], "bool"),
        ([True, 2], "int32"),
        ([], "float32"),
        ((1, 2), "int32"),
        (range(4), "int32"),
        ([np.int64(1), np.int8(2)], "int32"),
        ([np.float64(0.5)], "float32"),
        ([np.bool_(True)], "bool"),
    ],
)
def test_lists_choose_their_type(values, name):
    made = cp.CudaArray(values)
    assert made.elemType().name == name
    assert made.toList() == list(values)


@pytest.mark.parametrize("name", DTYPES)
def test_numpy_arrays_keep_their_dtype(name):
    source = np.array([0, 1, 1, 0]).astype(name)
    made = cp.CudaArray(source)
    assert made.dtype == source.dtype
    assert made.elemType().name == name
    assert made.toList() == source.tolist()
    host = made.toHost()
    assert host.dtype == source.dtype
    assert np.array_equal(host, source)
    host[0] = 1
    assert made.toList() == source.tolist(), "toHost is a copy"


def test_lists_of_numpys_complex_numbers_keep_both_parts():
    for item in (np.complex64(1 + 2j), np.complex128(1 + 2j), np.clongdouble(1 + 2j)):
        made = cp.CudaArray([item, 3])
        assert made.toList() == [1 + 2j, 3]
        assert made.elemType() is cp.complex64
        with pytest.raises(cp.CudaTypeError, match="does not become float32"):
            cp.CudaArray([item], cp.Float)


def test_it_is_a_copy_of_its_source():
    source = np.zeros(3, np.float32)
    made = cp.CudaArray(source)
    source[0] = 1
    assert made.toList() == [0, 0, 0]
    other = cp.CudaArray(made)
    other[0] = 5
    assert made[0] == 0


def test_dtype_converts():
    assert cp.CudaArray([1, 2], cp.Float).elemType() is cp.Float
    assert cp.CudaArray([1, 0], cp.Bool).toList() == [True, False]
    assert cp.CudaArray(np.array([1.5, 2.5]), cp.Float).dtype == np.float32
    assert cp.CudaArray(np.array([1, 2], np.uint8), dtype="float64").toList() == [1.0, 2.0]
    assert cp.CudaArray(np.array([1, 2], np.int64), np.int16).dtype == np.int16
    assert cp.CudaArray([3], dtype=float).elemType() is cp.Float


def test_allocate_gives_zeros_at_a_cache_line():
    for length in (0, 1, 1000, 10_000_000):
        made = cp.CudaArray.allocate(length, cp.Int)
        assert len(made) == made.length() == made.size == length
        assert made.shape == (length,)
        assert made.nbytes == 4 * length
        assert made.pointer() % 64 == 0
        assert not np.asarray(made).any()


def test_items():
    made = cp.CudaArray([1.0, 2.0, 3.0])
    made[0] = 4
    made[-1] = np.float32(0.5)
    assert (made[0], made[1], made[-1], made[np.int64(1)]) == (4.0, 2.0, 0.5, 2.0)
    assert isinstance(made[0], float)
    assert list(made) == [4.0, 2.0, 0.5]
    assert 2.0 in made
    assert cp.CudaArray([True])[0] is True
    assert cp.CudaArray(np.array([2**64 - 1], np.uint64))[0] == 2**64 - 1


def test_shares_memory_with_numpy():
    made = cp.CudaArray([1, 2, 3])
    view = np.asarray(made)
    assert view.ctypes.data == made.pointer()
    view[1] = 7
    assert made[1] == 7
    assert np.from_dlpack(made).ctypes.data == made.pointer()
    assert memoryview(made).format == "i"
    assert np.array(made, dtype=np.float64).tolist() == [1.0, 7.0, 3.0]
    del made
    gc.collect()
    assert view.tolist() == [1, 7, 3], "the view keeps the memory alive"


def test_to_host_fills_an_array_that_is_there():
    made = cp.CudaArray([[1, 2, 3], [4, 5, 6]])
    out = np.zeros((2, 3), np.int32)
    assert made.toHost(out) is out
    assert out.tolist() == [[1, 2, 3], [4, 5, 6]]
    turned = np.zeros((3, 2), np.int32)
    made.T.toHost(out=turned)
    assert turned.tolist() == [[1, 4], [2, 5], [3, 6]]
    made.T.toHost(out=out.T)
    assert out.tolist() == made.toList()
    view = made[:, ::-1]
    view.toHost(out=made)
    assert made.toList() == [[3, 2, 1], [6, 5, 4]], "its own memory, turned"
    with pytest.raises(cp.CudaTypeError, match=r"elements of int64, and this one of int32"):
        made.toHost(out=np.zeros((2, 3), np.int64))
    with pytest.raises(ValueError, match=r"shape \(3, 2\), and this one \(2, 3\)"):
        made.toHost(out=turned)


def test_from_other_sources():
    assert cp.CudaArray(array.array("d", [1.5])).elemType() is cp.Double
    assert cp.CudaArray(b"ab").toList() == [97, 98]
    assert cp.CudaArray(x * x for x in range(3)).toList() == [0, 1, 4]
    assert cp.CudaArray(np.arange(10)[::-3]).toList() == [9, 6, 3, 0]
    assert cp.CudaArray(np.arange(3, dtype=">i4")).toList() == [0, 1, 2]

    class Interface:
        def __init__(self, source):
            self.source = source
            self.__array_interface__ = source.__array_interface__

    assert cp.CudaArray(Interface(np.arange(6, dtype=np.int16)[::2])).toList() == [0, 2, 4]

    class Pack:
        def __init__(self, source):
            self.source = source

        def __dlpack__(self, **kwargs):
            return self.source.__dlpack__(**kwargs)

        def __dlpack_device__(self):
            return self.source.__dlpack_device__()

    assert cp.CudaArray(Pack(np.arange(6, dtype=np.float32)[1::2])).toList() == [1, 3, 5]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: cp.CudaArray([[1, 2], [3]]), cp.CudaTypeError, "ragged: item [1] has 1 item"),
        (lambda: cp.CudaArray([[1, 2], [3, "a"]]), cp.CudaTypeError, "in its list [1], item 1 is"),
        (lambda: cp.CudaArray(np.float32(1)), cp.CudaTypeError, "[x]"),
        (lambda: cp.CudaArray([1, "a"]), cp.CudaTypeError, "item 1 is 'a', a str"),
        (lambda: cp.CudaArray("abc"), cp.CudaTypeError, "'abc', a str"),
        (lambda: cp.CudaArray(5), cp.CudaTypeError, "5, an int"),
        (lambda: cp.CudaArray([None]), cp.CudaTypeError, "a NoneType"),
        (lambda: cp.CudaArray([2**64]), cp.CudaTypeError, "no 64-bit type"),
        (lambda: cp.CudaArray([-1, 2**63]), cp.CudaTypeError, "no 64-bit type"),
        (
            lambda: cp.CudaArray([1.5], cp.Int),
            cp.CudaTypeError,
            "item 0 is 1.5, a float, which does not become int32",
        ),
        (lambda: cp.CudaArray([2**31], cp.Int), cp.CudaTypeError, "from -2147483648 to 2147483647"),
        (lambda: cp.CudaArray(np.array([300]), np.uint8), cp.CudaTypeError, "from 0 to 255"),
        (
            lambda: cp.CudaArray(np.zeros(2, "i4,U3")),
            cp.CudaTypeError,
            "its field 'f1' is of type <U3",
        ),
        (lambda: cp.CudaArray(np.zeros((1,) * 9)), cp.CudaTypeError, "9 dimensions"),
        (lambda: cp.CudaArray(np.array(["a"])), cp.CudaTypeError, "format"),
        (lambda: cp.CudaArray(np.zeros(2, np.longdouble)), cp.CudaTypeError, "format"),
        (lambda: cp.CudaArray([1])[1], IndexError, "index 1 of a CudaArray of length 1"),
        (lambda: cp.CudaArray([1])[-2], IndexError, "index -2"),
        (lambda: cp.CudaArray([1])["a"], cp.CudaTypeError, "indexed by integers"),
        (lambda: cp.CudaArray([1])[True], cp.CudaTypeError, "indexed by integers"),
        (lambda: cp.CudaArray([1])[None], cp.CudaTypeError, "indexed by integers"),
        (lambda: cp.CudaArray([1])[0, 0], IndexError, "2 indices for a CudaArray of 1 dimension"),
        (lambda: cp.CudaArray([1])[..., ...], IndexError, "one `...`"),
        (lambda: cp.CudaArray([1])[::0], ValueError, "zero"),
        (
            lambda: cp.CudaArray([[1, 2]])[0, 2],
            IndexError,
            "index 2 of dimension 1 of a CudaArray of shape (1, 2)",
        ),
        (lambda: cp.CudaArray([1, 2]).__setitem__(slice(0, 2), [1]), ValueError, "shape (1,)"),
        (lambda: cp.CudaArray([1, 2]).__setitem__(slice(0, 2), 1.5), cp.CudaTypeError, "1.5"),
        (lambda: cp.CudaArray.allocate((), cp.Int), cp.CudaTypeError, "1 to 8 dimensions"),
        (lambda: cp.CudaArray.allocate((2, -1), cp.Int), ValueError, "negative"),
        (lambda: cp.CudaArray.allocate((2**40, 2**40), cp.Int), MemoryError, "items of int32"),
        (lambda: cp.CudaArray.allocate(-1, cp.Int), ValueError, "negative"),
        (
            lambda: cp.CudaArray.allocate(1.0, cp.Int),
            cp.CudaTypeError,
            "the length is an integer, or a tuple of some, not 1.0",
        ),
        (lambda: cp.CudaArray.allocate(2**60, cp.Int), MemoryError, "items of int32"),
        (lambda: cp.CudaArray.allocate(2**62, cp.Double), MemoryError, "items of float64"),
        (lambda: cp.CudaArray.allocate(1, "nonsense"), TypeError, "nonsense"),
        (lambda: cp.CudaArray([1]).__setitem__(0, 1.5), cp.CudaTypeError, "1.5, a float"),
        (lambda: cp.CudaArray([1]).__setitem__(0, 2**40), OverflowError, "int32 holds"),
        (lambda: cp.CudaArray([1]).__delitem__(0), cp.CudaTypeError, "deleted"),
    ],
)
def test_mistakes(make, error, text):
    with pytest.raises(error) as raised:
        make()
    assert text in str(raised.value)


def test_repr():
    assert repr(cp.CudaArray([1.0, 2.5])) == "CudaArray([1.0, 2.5], float32)"
    assert repr(cp.CudaArray(range(9))) == "CudaArray([0, 1, 2, 3, 4, 5, ...], int32, length 9)"


def test_nothing_leaks():
    made = cp.CudaArray([1.0, 2.0])
    before = sys.getrefcount(made)
    for _ in range(100):
        memoryview(made).release()
        np.from_dlpack(made)
        made.__dlpack__()
        np.asarray(made)
        made.toList()
    gc.collect()
    assert sys.getrefcount(made) == before
    gone = weakref.ref(made)
    del made
    assert gone() is None
