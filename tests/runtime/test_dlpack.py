"""DLPack both ways: versions 0.x and 1.x, what `__dlpack__` is asked for, and the functions in C of a type."""

from __future__ import annotations

import ctypes
import gc
import sys

import cudapy as cp
import numpy as np
import pytest

CPU = (1, 0)


class Pack:
    """An array that is known by DLPack alone; `version` is the newest that it knows."""

    def __init__(self, source, version=(1, 0)):
        self.source, self.version = source, version
        self.asked: list[dict[str, object]] = []

    def __dlpack__(self, **asked):
        self.asked.append(asked)
        if self.version is None and "max_version" in asked:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        return self.source.__dlpack__(**asked)

    def __dlpack_device__(self):
        return self.source.__dlpack_device__()


class Capsule:
    """A capsule that was made before."""

    def __init__(self, capsule):
        self.capsule = capsule

    def __dlpack__(self, **asked):
        return self.capsule

    def __dlpack_device__(self):
        return CPU


# fill : void (float* X, float a)
@cp.kernel
def fill(X, a):
    if idx < len(X):
        X[idx] = a


# copy : void (float* X, float* Y)
@cp.kernel
def copy(X, Y):
    if idx < len(X):
        Y[idx] = X[idx]


def name_of(capsule) -> str:
    get = ctypes.pythonapi.PyCapsule_GetName
    get.restype, get.argtypes = ctypes.c_char_p, [ctypes.py_object]
    return get(capsule).decode()


class Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Versioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager", ctypes.c_void_p),
        ("deleter", DELETER),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    ]


def versioned_in(capsule) -> Versioned:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return Versioned.from_address(get(capsule, b"dltensor_versioned"))


def test_the_version_that_the_consumer_knows_is_given():
    X = cp.CudaArray([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert name_of(X.__dlpack__()) == "dltensor"
    assert name_of(X.__dlpack__(max_version=(0, 8))) == "dltensor"
    assert name_of(X.__dlpack__(max_version=None)) == "dltensor"
    for version in ((1, 0), (1, 3), (2, 0)):
        capsule = X.__dlpack__(max_version=version)
        assert name_of(capsule) == "dltensor_versioned"
        given = versioned_in(capsule)
        assert (given.major, given.flags) == (1, 0)
        assert given.tensor.data == X.pointer()
        assert given.tensor.strides[:2] == [3, 1]
    view = np.from_dlpack(X)
    assert view.flags.writeable
    view[1, 2] = 60
    assert X[1, 2] == 60


def test_a_copy_is_one():
    X = cp.CudaArray([1.0, 2.0, 3.0, 4.0])
    for version in (None, (1, 0)):
        capsule = X.__dlpack__(copy=True, max_version=version)
        fill(4)(Capsule(capsule), 9.0)
        assert X.toList() == [1.0, 2.0, 3.0, 4.0]
    assert versioned_in(X.__dlpack__(copy=True, max_version=(1, 0))).flags == 2
    copied = np.from_dlpack(X, copy=True)
    copied[0] = 9
    shared = np.from_dlpack(X, copy=False)
    shared[1] = 7
    assert X.toList() == [1.0, 7.0, 3.0, 4.0]
    assert np.from_dlpack(X[::2], copy=True).tolist() == [1.0, 3.0]
    assert np.from_dlpack(X[::-1]).tolist() == [4.0, 3.0, 7.0, 1.0]


def test_the_device_that_the_consumer_wants(run):
    X = cp.CudaArray([1.0, 2.0])
    assert np.shares_memory(np.from_dlpack(X, device="cpu"), np.asarray(X))
    with pytest.raises(BufferError, match=r"dl_device=\(4, 0\): arrays are on the CPU"):
        X.__dlpack__(dl_device=(4, 0))
    with pytest.raises(BufferError, match="copy=False forbids"):
        X.__dlpack__(dl_device=(2, 0), copy=False)
    program = """
assert X.__dlpack_device__() == (2, 0)
A = np.from_dlpack(X, device="cpu")
assert A.tolist() == list(range(1000)) and A.flags.writeable
A[0] = 5
assert X[0] == 0
assert np.from_dlpack(X[::2], device="cpu").tolist() == list(range(0, 1000, 2))
try: X.__dlpack__(dl_device=(1, 0), copy=False)
except BufferError as error: print(error)
before = X.pointer()
k = cp.compile(twice)
for source in (X, X.to("cpu")):
    capsule = source.__dlpack__(dl_device=(2, 0), max_version=(1, 0), copy=True)
    class Wrapped:
        def __dlpack__(self, **asked): return capsule
        def __dlpack_device__(self): return (2, 0)
    k(1000)(Wrapped(), Y)
    assert X.pointer() == before
assert X[::2].__dlpack__(copy=True) is not None
"""
    printed, log = run(program)
    assert "cuda:0, and copy=False forbids to copy it to another device" in printed
    assert "within 4000" in log, "a copy on the GPU"


@pytest.mark.parametrize(
    ("asked", "error", "text"),
    [
        ({"flavour": 1}, TypeError, "flavour|incompatible"),
        ({"copy": 1}, TypeError, "copy=1, of type int: it is True, False or None|copy=1"),
        ({"max_version": 1}, TypeError, "max_version=1.*a tuple of two integers"),
        ({"max_version": (1, 0, 0)}, TypeError, "a tuple of two integers"),
        ({"dl_device": "cpu"}, TypeError, "dl_device='cpu'.*a tuple of two integers"),
        ({"stream": 7}, ValueError, "stream=7.*memory has none"),
        ({"stream": "x"}, ValueError, "stream='x'.*memory has none"),
    ],
)
def test_what_cannot_be_asked_for(asked, error, text):
    with pytest.raises(error, match=text):
        cp.CudaArray([1.0]).__dlpack__(**asked)
    with pytest.raises(TypeError):
        cp.CudaArray([1.0]).__dlpack__(None)


@pytest.mark.parametrize("stream", [0, -2, 2**70, "x", 1.5])
def test_streams_that_are_none_of_the_consumers(run, stream):
    printed, _ = run(f"""
try: X.__dlpack__(stream={stream!r})
except ValueError as error: print(error)
for stream in (None, -1, 1, 2, 4096): X.__dlpack__(stream=stream)
""")
    assert "or the handle of a stream" in printed


def test_producers_are_asked_for_version_1_and_older_ones_for_none():
    Y = np.zeros(4, np.float32)
    new, old = (Pack(np.arange(4, dtype=np.float32), version) for version in ((1, 0), None))
    for source in (new, old):
        copy(4)(source, Y)
        assert Y.tolist() == [0, 1, 2, 3]
        Y[:] = 0
    assert [set(asked) for asked in new.asked] == [{"max_version"}]
    assert [set(asked) for asked in old.asked] == [{"max_version"}, set()]


def test_read_only_producers_are_read_and_not_written():
    source = np.arange(4, dtype=np.float32)
    source.flags.writeable = False
    Y = np.zeros(4, np.float32)
    copy(4)(Pack(source), Y)
    assert Y.tolist() == [0, 1, 2, 3]
    assert cp.CudaArray(Pack(source)).toList() == [0, 1, 2, 3]
    with pytest.raises(TypeError, match="read-only"):
        fill(4)(Pack(source), 1.0)
    assert source.tolist() == [0, 1, 2, 3]


def test_tensors_of_another_major_version_are_given_back():
    X = cp.CudaArray([1.0])
    capsule = X.__dlpack__(max_version=(1, 0))
    versioned_in(capsule).major = 2
    count = sys.getrefcount(X)
    with pytest.raises(TypeError, match="version 2 of DLPack"):
        fill(1)(Capsule(capsule), 1.0)
    assert sys.getrefcount(X) == count - 1
    with pytest.raises(TypeError, match="gives no tensor"):
        fill(1)(Capsule(object()), 1.0)


def test_nothing_leaks():
    X = cp.CudaArray([1.0, 2.0])
    before = sys.getrefcount(X)
    for _ in range(100):
        for version in (None, (1, 0)):
            for copies in (None, True):
                X.__dlpack__(max_version=version, copy=copies)
                fill(2)(Capsule(X.__dlpack__(max_version=version, copy=copies)), 3.0)
        np.from_dlpack(X)
    gc.collect()
    assert sys.getrefcount(X) == before


# ---- the functions in C

EXPORT = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.POINTER(ctypes.c_void_p))


class Table(ctypes.Structure):
    pass


Table._fields_ = [
    ("major", ctypes.c_uint32),
    ("minor", ctypes.c_uint32),
    ("earlier", ctypes.POINTER(Table)),
    ("allocate", ctypes.c_void_p),
    ("export", EXPORT),
    ("make", ctypes.c_void_p),
    ("view", ctypes.c_void_p),
    ("stream", ctypes.c_void_p),
]


def exchanging(array, flags=0, major=1, code=0):
    """A tensor over `array` of a type that has functions alone, and how many were given and given back."""
    out: dict[int, tuple[object, ...]] = {}
    counts = [0, 0]

    @DELETER
    def release(address):
        counts[1] += 1
        del out[address]

    @EXPORT
    def export(tensor, given):
        counts[0] += 1
        if code != 0:
            return code
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        strides = (ctypes.c_int64 * array.ndim)(*(step // array.itemsize for step in array.strides))
        made = Versioned(1, 3, None, release, flags)
        made.tensor = Tensor(array.ctypes.data, (1, 0), array.ndim, 2, 32, 1, shape, strides, 0)
        out[ctypes.addressof(made)] = (made, shape, strides, array)
        given[0] = ctypes.addressof(made)
        return 0

    first = Table(1, 3, None, None, export)
    table = first if major == 1 else Table(major, 0, ctypes.pointer(first))
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = (
        ctypes.py_object,
        [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p],
    )
    name = b"dlpack_exchange_api"
    KEPT.append((table, first, name, release, export))
    capsule = new(ctypes.addressof(table), name, None)
    kind = type("Tensor", (), {"__dlpack_c_exchange_api__": capsule, "__slots__": ()})
    return kind(), counts


KEPT: list[tuple[object, ...]] = []  # tables live as long as the process


@pytest.mark.parametrize("major", [1, 2])
def test_a_type_with_functions_needs_no_methods(major):
    source = np.arange(12, dtype=np.float32).reshape(3, 4)
    tensor, counts = exchanging(source[:, ::2], major=major)
    assert cp.CudaArray(tensor).toList() == [[0, 2], [4, 6], [8, 10]]
    column, counts = exchanging(source[:, 1], major=major)
    for _ in range(3):
        fill(3)(column, 5.0)
    assert source[:, 1].tolist() == [5, 5, 5]
    assert counts == [3, 3]


def test_a_tensor_of_functions_may_be_read_only():
    source = np.zeros(3, np.float32)
    tensor, counts = exchanging(source, flags=1)
    with pytest.raises(TypeError, match="read-only"):
        fill(3)(tensor, 5.0)
    Y = np.ones(3, np.float32)
    copy(3)(tensor, Y)
    assert Y.tolist() == [0, 0, 0]
    assert counts == [2, 2]


def test_functions_that_fail_are_no_end():
    tensor, _ = exchanging(np.zeros(3, np.float32), code=-1)
    with pytest.raises(TypeError, match="expected float32"):
        fill(3)(tensor, 5.0)
    only_later, _ = exchanging(np.zeros(3, np.float32), major=2)
    type(only_later).__dlpack_c_exchange_api__ = "no capsule"
    with pytest.raises(TypeError):
        fill(3)(only_later, 5.0)
