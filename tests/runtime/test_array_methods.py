"""CudaArray's copy, reshape, fill and astype, the modules copy and pickle, and pickled kernels."""

from __future__ import annotations

import copy
import multiprocessing
import pickle

import cudapy as cp
import numpy as np
import pytest


@cp.kernel("void (float* X)")
def twice(X):
    if idx < len(X):
        X[idx] *= 2


def add_plain(X, a):
    if idx < len(X):
        X[idx] += a


add = cp.compile(add_plain, sig="void (float* X, float a)", check=False)


def test_a_copy_has_memory_of_its_own():
    A = cp.CudaArray([[1, 2, 3], [4, 5, 6]])
    for make in (cp.CudaArray.copy, copy.copy, copy.deepcopy, lambda a: a.astype(cp.Int)):
        for source in (A, A.T, A[:, ::2], A[1]):
            made = make(source)
            assert made.toList() == source.toList()
            assert made.elemType() == cp.Int
            assert np.asarray(made).flags.c_contiguous
            assert not np.shares_memory(np.asarray(made), np.asarray(A))
    structs = cp.CudaArray(np.ones(3, [("a", "f4"), ("b", "i8")]))
    assert structs["a"].copy().toList() == [1.0] * 3
    assert copy.deepcopy(structs[::2]).dtype == structs.dtype


def test_reshape_shares_memory_where_it_can():
    A = cp.CudaArray(np.arange(24, dtype=np.float32))
    for shape in ((4, 6), (2, -1, 3), ((-1,),), ([2, 12],), (np.int64(24),)):
        made = A.reshape(*shape)
        assert made.shape == np.arange(24).reshape(*shape).shape
        assert made.pointer() == A.pointer()
    B = A.reshape(4, 6)
    columns = B.T.reshape(24)
    assert columns.toList() == np.arange(24).reshape(4, 6).T.reshape(24).tolist()
    columns[0] = -1
    assert A[0] == 0
    assert cp.CudaArray.allocate((0, 3), cp.Float).reshape(3, 0).shape == (3, 0)


@pytest.mark.parametrize(
    ("shape", "error", "text"),
    [
        (
            (5,),
            ValueError,
            r"reshape: the new shape takes 5 elements; the array has the shape \(6,\), which is 6 elements$",
        ),
        ((4, -1), ValueError, "the new shape takes a multiple of 4 elements; the array has"),
        ((1,), ValueError, "takes 1 element; "),
        ((-1, -1), ValueError, "only one length can be -1, which stands for as many as are left; "),
        ((-2, -3), ValueError, "a length of -2 is none: give 0 or more, or -1 for as many as are"),
        ((0, -1), ValueError, "-1 beside a length of 0"),
        ((2**62, 2**62), ValueError, r"2\*\*63"),
        ((), TypeError, "1 to 8 dimensions"),
        ((1,) * 9, TypeError, "1 to 8 dimensions"),
        (("x",), TypeError, "integer"),
        ((2.0, 3.0), TypeError, "integer"),
    ],
)
def test_shapes_that_do_not_fit(shape, error, text):
    with pytest.raises(error, match=text):
        cp.CudaArray(range(6)).reshape(*shape)


def test_fill():
    A = cp.CudaArray.allocate((2, 3), cp.Float)
    A.fill(2.5)
    A[:, 1].fill(np.float64(-1))
    assert A.toList() == [[2.5, -1, 2.5]] * 2
    for wrong in ([1.0, 2.0, 3.0], (1,), A):
        with pytest.raises(cp.CudaTypeError, match=r"fill takes a number.*`A\[:\] = values`"):
            A.fill(wrong)
    with pytest.raises(TypeError):
        A.fill(None)
    with pytest.raises(OverflowError, match="does not fit"):
        cp.CudaArray([1, 2]).fill(2**40)


def test_astype_converts_as_numpy_does():
    values = np.array([-2.7, 0.0, 3.9, 100.25])
    A = cp.CudaArray(values)
    for name in ("int8", "i4", "<i8", "float32", "f8", "c16", "?", "float16", "bool"):
        made = A.astype(name)
        assert made.dtype == np.dtype(name)
        assert np.array_equal(made.toHost(), values.astype(name))
    B = A.astype(cp.bfloat16)
    assert B.elemType() == cp.bfloat16
    assert B.astype("f4").toList() == cp.CudaArray(values.tolist(), cp.bfloat16).toList()
    with pytest.raises(TypeError, match="not an element type"):
        A.astype("U4")
    with pytest.raises(TypeError, match=r"^None is not an element type"):
        A.astype(None)


@pytest.mark.parametrize("name", ["f4", "=f8", "|u1", "<i2", "c8", "?", "b1", "u8", "f2"])
def test_short_names_of_types(name):
    assert cp.CudaArray.allocate(2, name).dtype == np.dtype(name)


@pytest.mark.parametrize("name", [">f4", "f3", "i16", "f", "", "S4", "<", "b4", "V8"])
def test_names_that_are_no_types(name):
    with pytest.raises(TypeError, match="not an element type"):
        cp.CudaArray.allocate(2, name)
    with pytest.raises(cp.CudaTypeError, match="the element type is missing"):
        cp.CudaArray.allocate(3)


def test_arrays_are_pickled():
    arrays = [
        cp.CudaArray([[1.0, 2.0], [3.0, 4.0]]),
        cp.CudaArray([1, 2, 3, 4])[::-2],
        cp.CudaArray([1.5, -2.0], cp.bfloat16),
        cp.CudaArray(np.ones(3, [("a", "f4"), ("b", "i8")])),
        cp.CudaArray.allocate(0, cp.complex64),
    ]
    for array in arrays:
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            made = pickle.loads(pickle.dumps(array, protocol))
            assert made.elemType() == array.elemType()
            assert (made.shape, made.device) == (array.shape, array.device)
            assert made.toList() == array.toList()
            assert made.pointer() != array.pointer()


def test_methods_on_a_gpu(run):
    program = """
import pickle, copy
with cp.device("cpu"):
    Z, P, R = X.copy(), pickle.loads(pickle.dumps(X)), X[::2].astype("i4")
assert (Z.device, P.device, R.device) == ("cuda:0",) * 3
assert Z.toList() == P.toList() == list(range(1000)) and R.toList() == list(range(0, 1000, 2))
assert X.reshape(10, -1).pointer() == X.pointer() != copy.copy(X).pointer()
assert X.reshape(10, 100).T.reshape(1000).toList() == np.arange(1000).reshape(10, 100).T.ravel().tolist()
host = Z.to("cpu")
assert host.copy().device == host.astype("f8").device == pickle.loads(pickle.dumps(host)).device == "cpu"
Z.fill(0)
Z[5:7].fill(3)
assert Z.toHost()[4:8].tolist() == [0, 3, 3, 0] and X[1] == 1
"""
    run(program)


def apply(kernel, values):
    X = np.array(values, np.float32)
    kernel(len(X))(X, *([10.0] if kernel is not twice else []))
    return X.tolist()


def test_kernels_are_pickled_by_reference():
    name = __name__
    made = pickle.loads(pickle.dumps(add))
    assert made is not add
    assert made.signatures == add.signatures
    assert apply(made, [1, 2]) == [11, 12]
    import sys

    assert sys.modules[name].twice is twice
    assert pickle.loads(pickle.dumps(twice)) is twice
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(cp.compile(lambda X: None))


def test_kernels_go_to_other_processes():
    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        assert pool.apply(apply, (twice, [1, 2])) == [2, 4]
        assert pool.apply(apply, (add, [1, 2])) == [11, 12]
