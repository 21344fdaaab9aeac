"""Arrays and launches on each of several GPUs, and copies from one to the other."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def two_gpus(gpu):
    if sum(device.name.startswith("cuda:") for device in cp.devices()) < 2:
        pytest.skip("needs two NVIDIA GPUs")


# add : void (float* X, float a)
def add(X, a):
    if idx < len(X):
        X[idx] += a


# work : void (float* X, int n)
def work(X, n):
    if idx < len(X):
        x = X[idx]
        for i in range(n):
            x = x * 0.5 + 1.0
        X[idx] = x


def test_arrays_and_launches_on_each():
    k = cp.compile(add)
    arrays = []
    for number in range(2):
        with cp.cuda(number):
            arrays.append(cp.CudaArray.allocate(1000, cp.float32))
            for _ in range(number + 1):
                k(1000)(arrays[-1], 1.0)
    assert [X.device for X in arrays] == ["cuda:0", "cuda:1"]
    assert [X.toList() for X in arrays] == [[1.0] * 1000, [2.0] * 1000]


def test_a_copy_comes_after_the_work_of_both():
    k, slow = cp.compile(add), cp.compile(work)
    X = cp.CudaArray.allocate(1 << 22, cp.float32)
    slow(1 << 22)(X, 20_000)
    Y = X.to("cuda:1")
    assert Y.device == "cuda:1"
    with cp.cuda(1):
        k(1 << 22)(Y, 1.0)
    Z = Y.to("cuda:0")
    k(1 << 22)(Z, 1.0)
    assert np.unique(X.toHost()).tolist() == [2.0]
    assert np.unique(Y.toHost()).tolist() == [3.0]
    assert np.unique(Z.toHost()).tolist() == [4.0]


def test_views_are_copied_as_they_are():
    X = cp.CudaArray(np.arange(24, dtype=np.int32).reshape(4, 6))
    for part in (X[1:3, ::2], X.T, X[3]):
        assert part.to("cuda:1").toList() == part.toList()


def test_an_array_on_the_other_gpu_is_refused_with_its_place():
    with cp.cuda(1):
        X = cp.CudaArray.allocate(4, cp.float32)
    with pytest.raises(TypeError, match=r"its memory is on cuda:1, and the launch is on cuda:0"):
        cp.compile(add)(4)(X, 1.0)
    stream = cp.Stream()
    with cp.cuda(1):
        with pytest.raises(ValueError, match="the stream is on cuda:0"), stream:
            pass
        with pytest.raises(ValueError, match="cuda:1"):
            cp.compile(add)(4, stream=stream)(X, 1.0)


def test_faults_of_the_second_gpu():
    # past : void (float* X)
    def past(X):
        X[idx + 1] = 1

    with cp.cuda(1):
        X = cp.CudaArray.allocate(8, cp.float32)
        cp.compile(past)(8)(X)
    with pytest.raises(IndexError, match="index 8 "):
        cp.synchronize()
    with cp.cuda(1), cp.Graph() as graph:
        cp.compile(add)(8)(X, 1.0)
    graph.launch()
    assert X.toList() == [1.0] + [2.0] * 7


def test_prints_of_both(capsys):
    # say : void (int n)
    def say(n):
        print("on", n, idx)

    for number in range(2):
        with cp.cuda(number):
            cp.compile(say)(2)(number)
    cp.synchronize()
    assert sorted(capsys.readouterr().out.splitlines()) == ["on 0 0", "on 0 1", "on 1 0", "on 1 1"]
