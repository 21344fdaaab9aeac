"""CudaArrays of structs: made of NumPy's arrays and of lists, read, stored, cut, by their fields, and in launches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cudapy as cp
import numpy as np
import pytest
from cudapy import atomic, idx


@dataclass
class Body:
    x: float
    y: float
    kind: cp.int8
    mass: cp.float64


class Pair(NamedTuple):
    a: cp.int32
    b: cp.int32


ALIGNED = np.dtype([("x", "f4"), ("y", "f4"), ("kind", "i1"), ("mass", "f8")], align=True)
PACKED = np.dtype([("x", "f4"), ("kind", "i1"), ("mass", "f8")])
NESTED = np.dtype([("at", ALIGNED), ("phase", "c8"), ("on", "?"), ("h", "f2")])


def bodies(n, dtype=ALIGNED):
    array = np.zeros(n, dtype)
    array["x"], array["mass"], array["kind"] = np.arange(n) + 0.5, np.arange(n) * 3, -1
    return array


@pytest.mark.parametrize("dtype", [ALIGNED, PACKED, NESTED])
def test_there_and_back(dtype):
    source = np.zeros(5, dtype)
    source[dtype.names[0]][2] = 1
    array = cp.CudaArray(source)
    assert (array.dtype, array.itemsize, array.shape) == (dtype, dtype.itemsize, (5,))
    assert array.nbytes == source.nbytes and array.elemType() == dtype
    for back in (array.toHost(), np.asarray(array), np.array(memoryview(array))):
        assert back.dtype == dtype and np.array_equal(back, source)
    assert array.toList() == source.tolist()
    shared = np.asarray(array)
    shared[0] = source[2]
    assert array[0] == source[2]
    assert np.array_equal(cp.CudaArray(array).toHost(), shared)


def test_of_lists_and_classes():
    array = cp.CudaArray([Pair(1, 2), Pair(3, 4)])
    assert array.dtype == np.dtype([("a", "i4"), ("b", "i4")])
    assert array.toList() == [(1, 2), (3, 4)]
    grid = cp.CudaArray([[(1, 2, 3, 4.0)] * 2] * 3, Body)
    assert (grid.shape, grid.dtype) == ((3, 2), ALIGNED)
    assert repr(array) == "CudaArray([(1, 2), (3, 4)], {a: int32, b: int32})"
    assert cp.CudaArray([Body(1, 2, 3, 4)]).dtype == ALIGNED


def test_allocate():
    array = cp.CudaArray.allocate((2, 3), Body)
    assert array.shape == (2, 3) and not array.toHost()["mass"].any()
    assert cp.CudaArray.allocate(4, PACKED).dtype == PACKED


def test_items_slices_and_fields():
    source = bodies(6)
    array = cp.CudaArray(source)
    item = array[-1]
    assert item == source[-1] and item["mass"] == 15.0
    item["mass"] = 0  # a copy
    assert array[5]["mass"] == 15.0
    assert np.array_equal(array[::2].toHost(), source[::2])
    assert np.array_equal(array[4:1:-1].toHost(), source[4:1:-1])
    mass = array["mass"]
    assert (mass.dtype, mass.strides, mass.toList()) == ("float64", (24,), source["mass"].tolist())
    mass[1] = 77
    array["x"] = 2.5
    array["kind"][2:4] = [5, 6]
    source["mass"][1], source["x"], source["kind"][2:4] = 77, 2.5, [5, 6]
    assert np.array_equal(array.toHost(), source)
    assert [item["kind"] for item in array] == source["kind"].tolist()
    assert cp.CudaArray(array["kind"]).toList() == source["kind"].tolist()


def test_stores():
    array = cp.CudaArray.allocate(5, Body)
    array[0] = (1, 2, 3, 4)
    array[1] = Body(5, 6, 7, 8)
    array[2] = array[0]
    array[3:] = [Body(9, 9, 9, 9), Body(8, 8, 8, 8)]
    assert [body[3] for body in array.toList()] == [4, 8, 4, 9, 8]
    array[:] = Body(0, 0, 1, 0)
    assert array["kind"].toList() == [1] * 5
    array[1:3] = cp.CudaArray([Body(1, 1, 1, 1)])
    assert array["mass"].toList() == [0, 1, 1, 0, 0]
    with pytest.raises(ValueError):
        array[1:3] = [Body(1, 1, 1, 1)] * 3
    with pytest.raises(TypeError, match="do not become structs"):
        array[1] = np.zeros(1, [("x", "f4")])[0]


def step(P, by):
    if idx < len(P):
        P[idx].x += by
        P[idx].mass *= 2
        atomic.add(P[0].mass, 1)


@pytest.mark.parametrize("device", ["cpu", "python"])
@pytest.mark.parametrize("dtype", [ALIGNED, ALIGNED.newbyteorder("=")])
def test_launches(device, dtype):
    source = bodies(70, dtype)
    array, view = cp.CudaArray(source), cp.CudaArray(np.repeat(source, 2))
    kernel = cp.compile(step)
    with cp.device(device):
        for _ in range(3):  # the second and third call are the fast way
            kernel(70)(array, 0.5)
            kernel(70)(view[::2], 0.5)
    expected = source.copy()
    expected["x"] += 1.5
    assert np.array_equal(array.toHost()["x"], expected["x"])
    assert np.array_equal(array.toHost(), view.toHost()[::2])
    assert np.array_equal(view.toHost()[1::2], source)
    assert array["mass"][69] == source["mass"][69] * 8


def double(X):
    if idx < len(X):
        X[idx] *= 2


@pytest.mark.parametrize("device", ["cpu", "python"])
@pytest.mark.parametrize("dtype", [ALIGNED, PACKED])
def test_fields_as_arguments(device, dtype):
    source = bodies(70, dtype)
    array = cp.CudaArray(source)
    kernel = cp.compile(double)
    with cp.device(device):
        for _ in range(2):
            kernel(70)(array["mass"])
            kernel(1)(array["mass"][3:4])
    source["mass"] *= 4
    source["mass"][3] *= 4
    assert np.array_equal(array.toHost(), source)


def test_a_declared_struct():
    def swap(P: cp.Array[Pair]):
        if idx < len(P):
            p = P[idx]
            P[idx] = Pair(p.b, p.a)

    array = cp.CudaArray([Pair(1, 2), Pair(3, 4)])
    cp.compile(swap)(2)(array)
    assert array.toList() == [(2, 1), (4, 3)]
    with pytest.raises(cp.CudaTypeError, match="its elements need fields of these names"):
        cp.compile(swap)(2)(cp.CudaArray.allocate(2, Body))


def test_what_is_refused():
    array = cp.CudaArray([Pair(1, 2)])
    with pytest.raises(
        cp.CudaTypeError, match=r'do not become float32: name the field, such as A\["a"\]'
    ):
        cp.CudaArray(array, cp.float32)
    with pytest.raises(KeyError, match="no field 'c'"):
        array["c"]
    with pytest.raises(BufferError, match="DLPack knows no structs"):
        array.__dlpack__()
    with pytest.raises(cp.CudaTypeError, match="its field 'name' is of type"):
        cp.CudaArray(np.zeros(2, [("x", "f4"), ("name", "U8")]))
    with pytest.raises(TypeError, match="do not become structs"):
        cp.CudaArray(np.zeros(2), Pair)
    with pytest.raises(TypeError, match="integers and slices"):
        cp.CudaArray([1.0])["x"]


def test_elements_that_end_between_others_places():
    """Their buffer's format says that nothing is aligned: six bytes are no multiple of four."""
    for shape in ((3,), (3, 3)):
        given = np.ones(shape, [("x", "f4"), ("n", "i2")])
        array = cp.CudaArray(given)
        assert np.array_equal(np.asarray(array), given)
        assert array.toList() == given.tolist()
        assert memoryview(array).itemsize == 6
