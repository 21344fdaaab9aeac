"""Random numbers: Philox's published words, the same stream for every gang width, and the right distributions."""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
import pytest
from cudapy import normal, normal64, rand, rand64, randbits, randint
from cudapy._impl.reference_intrinsics import philox
from differential import differential, integers

# Random123's known answers for philox4x32, 10 rounds: counter words, key words, result.
KNOWN = [
    ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    (
        [0xFFFFFFFF] * 4,
        [0xFFFFFFFF] * 2,
        [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD],
    ),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        [0xA4093822, 0x299F31D0],
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


def pair(words):
    return words[0] | words[1] << 32


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_published_words(counter, key, words):
    assert list(philox(pair(key), pair(counter[:2]), pair(counter[2:]))) == words

    # bits : void (uint64 key, uint64 low, uint64 high, uint32* R, double* D, int64* I)
    def bits(key, low, high, R, D, I):
        R[idx] = randbits(key, low, high)
        D[idx] = rand64(key, low, high)
        I[idx] = randint(key, low, -(2**62), 2**62, high)

    R, D, I = np.zeros(37, np.uint32), np.zeros(37), np.zeros(37, np.int64)
    arguments = [np.uint64(pair(x)) for x in (key, counter[:2], counter[2:])]
    cp.compile(bits)(37)(*arguments, R, D, I)
    assert np.all(R == words[0])
    assert np.all(D == (pair(words) >> 11) * 2.0**-53)
    assert np.all(I == -(2**62) + (pair(words) * 2**63 >> 64))


def test_the_same_stream_for_every_gang_width():
    # draw : void (int seed, uint64* C, uint32* B, float* U, double* D, int* I, int64* J)
    def draw(seed, C, B, U, D, I, J):
        B[idx] = randbits(seed, C[idx])
        U[idx] = rand(seed, C[idx], idx)
        D[idx] = rand64(seed, C[idx])
        I[idx] = randint(seed, idx, -10, 11) + randint(C[idx], 1, idx, 1000)
        J[idx] = randint(seed, idx, 0, C[idx] // 4)

    def arguments(n):
        arrays = [np.zeros(n, t) for t in (np.uint32, np.float32, np.float64, np.int32, np.int64)]
        return [-7, integers(n, dtype=np.uint64), *arrays]

    differential(draw, arguments)


def test_normals_agree_to_the_last_places():
    # draw : void (int seed, float* X, double* Y)
    def draw(seed, X, Y):
        X[idx] = normal(seed, idx)
        Y[idx] = normal64(seed, idx, 5)

    differential(draw, lambda n: [3, np.zeros(n, np.float32), np.zeros(n)], ulp=8)


N = 1 << 18


@pytest.fixture(scope="module")
def drawn():
    # draw : void (float* U, double* D, float* X, double* Y, int* I)
    def draw(U, D, X, Y, I):
        U[idx] = rand(1, idx)
        D[idx] = rand64(2, idx)
        X[idx] = normal(3, idx)
        Y[idx] = normal64(4, idx)
        I[idx] = randint(5, idx, -3, 7)

    arrays = [np.zeros(N, t) for t in (np.float32, np.float64, np.float32, np.float64, np.int32)]
    cp.compile(draw)(N)(*arrays)
    return arrays


def kolmogorov(sample, cumulative):
    """Kolmogorov and Smirnov's statistic, times the root of the sample's size."""
    ordered = cumulative(np.sort(sample.astype(np.float64)))
    steps = np.arange(len(sample) + 1) / len(sample)
    distance = max(np.max(steps[1:] - ordered), np.max(ordered - steps[:-1]))
    return distance * math.sqrt(len(sample))


@pytest.mark.parametrize("which", [0, 1])
def test_uniform(drawn, which):
    U = drawn[which]
    assert 0 <= U.min() and U.max() < 1
    assert abs(U.mean() - 0.5) < 4 * math.sqrt(1 / 12 / N)
    assert abs(U.var() - 1 / 12) < 4 * math.sqrt(1 / 180 / N)
    # 1.95: passed by all but one sample in a thousand
    assert kolmogorov(U, lambda x: x) < 1.95
    counts = np.bincount((U * 256).astype(int), minlength=256)
    chi = float(((counts - N / 256) ** 2 / (N / 256)).sum())
    assert abs(chi - 255) < 4 * math.sqrt(2 * 255)
    assert abs(np.corrcoef(U[:-1], U[1:])[0, 1]) < 4 / math.sqrt(N)


@pytest.mark.parametrize("which", [2, 3])
def test_normal(drawn, which):
    X = drawn[which].astype(np.float64)
    assert abs(X.mean()) < 4 / math.sqrt(N)
    assert abs(X.var() - 1) < 4 * math.sqrt(2 / N)
    assert abs((X**3).mean()) < 4 * math.sqrt(15 / N)
    assert abs((X**4).mean() - 3) < 4 * math.sqrt(96 / N)
    cumulative = np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)))
    assert kolmogorov(X, cumulative) < 1.95
    assert abs(np.corrcoef(X[:-1], X[1:])[0, 1]) < 4 / math.sqrt(N)


def test_integers_between(drawn):
    I = drawn[4]
    assert I.min() == -3 and I.max() == 6
    counts = np.bincount(I + 3, minlength=10)
    chi = float(((counts - N / 10) ** 2 / (N / 10)).sum())
    assert abs(chi - 9) < 4 * math.sqrt(18)


def test_an_empty_range_gives_its_start():
    # draw : void (int* I)
    def draw(I):
        I[idx] = randint(1, idx, 5, 5)

    I = np.zeros(40, np.int32)
    cp.compile(draw)(40)(I)
    assert np.all(I == 5)
