"""float16 and bfloat16: stored in 16 bits, computed in float32 and rounded after each operation, on every device."""

from __future__ import annotations

import math

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from cudapy._impl.interpreter import launch as interpret
from cudapy._impl.printing import formatted
from cudapy._impl.scalar import bits_of_half, half_from_bits
from differential import (
    CPU_TARGETS,
    ON_GPU,
    Source,
    compiling_for,
    differential,
    floats,
    integers,
    sizes_for,
)

ALL_BITS = np.arange(1 << 16, dtype=np.uint16)


def halves(n, seed=0, special=True):
    with np.errstate(all="ignore"):
        return floats(n, seed, np.float16, special=special)


def arithmetic(A, B, R):
    n = len(A)
    if idx < n:
        a = A[idx]
        b = B[idx]
        R[idx] = a + b
        R[n + idx] = a - b * 0.1
        R[2 * n + idx] = a * b + a
        R[3 * n + idx] = a / b
        R[4 * n + idx] = a // b
        R[5 * n + idx] = a % b
        R[6 * n + idx] = -a if a < b else abs(b)
        R[7 * n + idx] = max(a, b) - min(a, 1)


def test_each_operation_is_rounded():
    differential(arithmetic, lambda n: [halves(n, 1), halves(n, 2), np.zeros(8 * n, np.float16)])


def test_sums_and_products_are_numpys():
    a, b = halves(999, 1, special=False), halves(999, 2, special=False)
    R = np.zeros(8 * 999, np.float16)
    cp.compile(arithmetic, contract=False)(999)(a, b, R)
    with np.errstate(all="ignore"):
        for row, expected in enumerate([a + b, a - b * np.float16(0.1), a * b + a, a / b]):
            np.testing.assert_array_equal(R[row * 999 :][:999], expected)


def mixed(H, F, D, I, R, S, T, J):
    if idx < len(H):
        h = H[idx]
        R[idx] = h + F[idx]  # float32
        S[idx] = h * D[idx] + I[idx]  # float64
        T[idx] = h + I[idx]  # float16, through float32
        J[idx] = int(h) + (1 if h else 0) + (2 if h == 1 else 4)
        T[len(H) + idx] = D[idx]
        T[2 * len(H) + idx] = F[idx] * 2
        T[3 * len(H) + idx] = True if F[idx] > 0 else I[idx]


def test_mixed_with_other_types():
    def arguments(n):
        return [
            halves(n),
            floats(n, 3),
            floats(n, 4, np.float64),
            integers(n, 5, low=-70000, high=70000),
            np.zeros(n, np.float32),
            np.zeros(n),
            np.zeros(4 * n, np.float16),
            np.zeros(n, np.int32),
        ]

    differential(mixed, arguments)


def widens(H, F):
    F[idx] = H[idx]


def narrows(F, H):
    H[idx] = F[idx]


@pytest.mark.parametrize("target", CPU_TARGETS, ids=str)
def test_every_float16_becomes_its_float32(target):
    H, F = ALL_BITS.view(np.float16), np.zeros(1 << 16, np.float32)
    with compiling_for(target):
        cp.compile(widens)(len(H))(H, F)
    np.testing.assert_array_equal(F, H.astype(np.float32))


def near_halves(dtype):
    """Every float16, the middle between it and the next, and what is next to both."""
    with np.errstate(all="ignore"):
        values = ALL_BITS.view(np.float16).astype(dtype)
        values = values[np.isfinite(values)]
        middles = np.sort(values)
        middles = (middles[1:] + middles[:-1]) / 2
        values = np.concatenate(
            [values, middles, [65519.9, 65520, 1e30, -1e30, np.inf, np.nan]]
        ).astype(dtype)
        return np.concatenate(
            [values, np.nextafter(values, dtype(np.inf)), np.nextafter(values, dtype(-np.inf))]
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("target", CPU_TARGETS, ids=str)
def test_numbers_become_the_nearest_float16(target, dtype):
    F = near_halves(dtype)
    H = np.zeros(len(F), np.float16)
    with compiling_for(target):
        cp.compile(narrows)(len(F))(F, H)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(H, F.astype(np.float16))


def functions(A, R):
    n = len(A)
    if idx < n:
        a = A[idx]
        R[idx] = math.sqrt(abs(a))
        R[n + idx] = math.floor(a / 3) + round(a)
        R[2 * n + idx] = a**2
        R[3 * n + idx] = math.fma(a, a, 1.0)
        R[4 * n + idx] = math.fmax(a, 0.1)
        R[5 * n + idx] = math.copysign(1.5, a) if math.isfinite(a) else 7


def test_math_functions():
    differential(functions, lambda n: [halves(n), np.zeros(6 * n, np.float16)])


# scaled : void (half alpha, half** A, float16* sums)
def scaled(alpha, A, sums):
    if idx < len(sums):
        total = 0.0
        for j in range(A.shape[1]):
            A[idx, j] *= alpha
            total += A[idx, j]
        sums[idx] = total


def test_signatures_dimensions_and_sums():
    differential(scaled, lambda n: [0.3, halves(5 * n).reshape(n, 5), np.zeros(n, np.float16)])


# places : void (half* A, half* B)
def places(A, B):
    own = local(4, cp.float16)
    if idx < len(A):
        for i in range(4):
            own[i] = A[idx] * i
        B[idx] = own[idx % 4] + own[3]


def annotated(A: cp.Array[cp.float16], k: cp.float16):
    if idx < len(A):
        A[idx] = A[idx] * k if idx % 2 else cp.float16(0.1)


def block_sums(A, R):
    held = shared(64, cp.float16)
    held[threadIdx.x] = A[idx]
    syncthreads()
    R[idx] = held[63 - threadIdx.x]


def test_local_shared_and_annotations():
    differential(places, lambda n: [halves(n), np.zeros(n, np.float16)])
    differential(annotated, lambda n: [np.ones(n, np.float16), 1.1])
    differential(
        block_sums,
        lambda n: [halves(64 * n), np.zeros(64 * n, np.float16)],
        threads=lambda n: (64 * n,),
        block=(64, 1, 1),
    )


MIXED = np.dtype([("kind", "i1"), ("weight", "f2"), ("at", [("x", "f2"), ("y", "f4")])])


def fields(P, R):
    if idx < len(P):
        P[idx].weight += P[idx].at.x
        P[idx].at.x = P[idx].at.y
        R[idx] = P[idx].weight * 0.5


def test_fields_of_structs():
    def arguments(n):
        P = np.zeros(n, MIXED)
        P["weight"], P["at"]["x"], P["at"]["y"] = halves(n, 1), halves(n, 2), floats(n, 3)
        return [P, np.zeros(n, np.float16)]

    differential(fields, arguments)


TABLE = np.array([0.1, 2.5, -65504, np.inf], np.float16)
FACTOR = np.float16(0.1)


def looks_up(A, R):
    if idx < len(R):
        R[idx] = TABLE[idx % 4] + FACTOR * A[idx] + A[-1]


def test_constants_and_slices():
    differential(looks_up, lambda n: [halves(2 * n + 1)[::-2], np.zeros(n, np.float16)])


@pytest.mark.skipif(ON_GPU, reason="takes arrays of the CPU's")
def test_bfloat16_in_cuda_arrays():
    def both(a, b, R):
        n = len(a)
        if idx < n:
            R[idx] = a[idx] * b[idx] + a[idx]
            R[n + idx] = a[idx] / b[idx] if b[idx] else math.sqrt(abs(a[idx]))
            R[2 * n + idx] = idx * 257 + 16777217

    for target in CPU_TARGETS:
        for n in sizes_for(target.gang):
            given = [floats(n, seed, np.float32).tolist() for seed in (1, 2)]
            outcomes = []
            for run in range(2):
                A, B = (
                    (cp.CudaArray(values, cp.bfloat16) for values in given)
                    if n
                    else (
                        cp.CudaArray.allocate(0, cp.bfloat16),
                        cp.CudaArray.allocate(0, cp.bfloat16),
                    )
                )
                R = cp.CudaArray.allocate(3 * n, cp.bfloat16)
                if run:
                    interpret(Source((both,), (None,)), (n, 1, 1), None, (A, B, R))
                else:
                    with compiling_for(target):
                        cp.compile(both, contract=False)(n)(A, B, R)
                outcomes.append(R.toList())
            assert outcomes[0] == outcomes[1]


# narrows_brain : void (float* F, bfloat16* B, double* D, bfloat16* E)
def narrows_brain(F, B, D, E):
    B[idx] = F[idx]
    E[idx] = D[idx]


def brain_bits(values):
    """The nearest bfloat16's bits, of float64s, by another way than the compiler's: comparing with both neighbours."""
    from fractions import Fraction

    bits = []
    for value in values.tolist():
        size = abs(value)
        if math.isnan(value):
            bits.append(0x7FC0)
            continue
        # The largest bfloat16 that is not above the size.
        low, high = 0, 0x7F80
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (
                (middle, high)
                if float(np.uint32(middle << 16).view(np.float32)) <= size
                else (low, middle)
            )
        below = Fraction(float(np.uint32(low << 16).view(np.float32)))
        above = (
            Fraction(2) ** 128
            if high == 0x7F80
            else Fraction(float(np.uint32(high << 16).view(np.float32)))
        )
        if math.isinf(size):
            low = 0x7F80
        elif 2 * Fraction(size) > below + above or (
            2 * Fraction(size) == below + above and low % 2
        ):
            low = high
        bits.append(low | (0x8000 if math.copysign(1, value) < 0 else 0))
    return np.array(bits, np.uint16)


@pytest.mark.skipif(ON_GPU, reason="takes arrays of the CPU's")
@pytest.mark.parametrize("target", CPU_TARGETS, ids=str)
def test_numbers_become_the_nearest_bfloat16(target):
    random = np.random.default_rng(7)
    with np.errstate(all="ignore"):
        F = random.integers(0, 1 << 32, 600, np.uint32).view(np.float32)
        F[:200] = (random.integers(0, 1 << 16, 200, np.uint32) << 16 | 0x8000).view(np.float32)
        F[200:206] = [0.0, -0.0, np.inf, -np.inf, np.finfo(np.float32).max, 1e-45]
        D = F.astype(np.float64)
        D[::3] = np.nextafter(D[::3], 0)
        D[1::3] *= 1 + 2.0**-40
        D[300:304] = [3.4e38, -1e300, 1e-300, 3.3961775292304e38]
    n = len(F)
    B, E = (cp.CudaArray.allocate(n, cp.bfloat16) for _ in range(2))
    with compiling_for(target):
        cp.compile(narrows_brain)(n)(F, B, D, E)
    with np.errstate(all="ignore"):
        wide = F.astype(np.float64)
    for got, source in ((B, wide), (E, D)):
        bits = np.asarray(got._bits())
        is_nan = np.isnan(source)
        expected = brain_bits(source)
        np.testing.assert_array_equal(bits[~is_nan], expected[~is_nan])
        assert np.all((bits[is_nan] & 0x7FFF) > 0x7F80)


@pytest.mark.skipif(ON_GPU, reason="takes arrays of the CPU's")
def test_cuda_arrays_of_halves():
    for type in (cp.float16, cp.bfloat16):
        X = cp.CudaArray([[1.0, 2.5], [1e39, math.inf]], type)
        assert X.toList() == [[1.0, 2.5], [math.inf, math.inf]]
        assert (X.elemType(), X.dtype.name, X.itemsize, X.nbytes) == (type, type.name, 2, 8)
        X[0, 1] = 1.0 + 2.0**-8 + 2.0**-9
        assert X[0, 1] == (1.0 + 2.0**-7 if type is cp.bfloat16 else 1.0 + 2.0**-8 + 2.0**-9)
        np.testing.assert_array_equal(np.asarray(X).astype("f4"), np.array(X.toList(), "f4"))
        again = cp.CudaArray(X, cp.float32)
        assert again.toList() == X.toList()
        assert cp.CudaArray(again, type).toList() == X.toList()
    assert np.from_dlpack(cp.CudaArray([0.5], cp.float16)).dtype == np.float16
    with pytest.raises(BufferError, match="no format for bfloat16"):
        memoryview(cp.CudaArray([0.5], cp.bfloat16))


class Producer:
    """An array of another library that speaks DLPack alone."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class NumpysBrain:
    """What ml_dtypes' arrays look like to a library that does not know them."""

    class dtype:
        name = "bfloat16"

    def __init__(self, bits):
        self.bits = bits
        self.__array_interface__ = {**bits.__array_interface__, "typestr": "<V2"}


def doubles(A):
    if idx < len(A):
        A[idx] += A[idx]


@pytest.mark.skipif(ON_GPU, reason="takes arrays of the CPU's")
def test_bfloat16_of_other_libraries():
    A = cp.CudaArray([1.0, 2.5, -3.0], cp.bfloat16)
    cp.compile(doubles)(3)(Producer(A))
    assert A.toList() == [2.0, 5.0, -6.0]
    bits = np.array([0x3F80, 0x4020], np.uint16)
    cp.compile(doubles)(2)(NumpysBrain(bits))
    assert bits.tolist() == [0x4000, 0x40A0]
    with pytest.raises(cp.CudaTypeError, match=r"expected bfloat16\*"):
        cp.compile(doubles, sig="void (bfloat16* A)")(2)(bits)


def test_bfloat16_of_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    A = np.array([1.0, 2.5], ml_dtypes.bfloat16)
    cp.compile(doubles)(2)(A)
    assert A.tolist() == [2.0, 5.0]
    assert cp.CudaArray(A).toHost().dtype == A.dtype


# shuffles : void (half* A, half* R, int* K)
def shuffles(A, R, K):
    h = A[idx]
    total = h
    for step in (16, 8, 4, 2, 1):
        total += shfl_xor(total, step)
    R[idx] = total + shfl(h, 3)
    K[idx] = match_any(h) & 0xFFFF


def test_shuffles_between_lanes():
    differential(
        shuffles,
        lambda n: [
            halves(32 * n, special=False),
            np.zeros(32 * n, np.float16),
            np.zeros(32 * n, np.int32),
        ],
        threads=lambda n: (32 * n,),
        block=(32, 1, 1),
    )


# shows : void (half* H)
def shows(H):
    print(H[idx], H[idx] * 2)


def test_printed_with_their_own_digits(capfd):
    H = np.array([0.5, 0.1, 65504, 6e-8, -np.inf, 1 / 3], np.float16)
    interpret(Source((shows,), (None,)), (6, 1, 1), None, (H,))
    expected = capfd.readouterr().out
    cp.compile(shows)(6)(H)
    assert expected == "0.5 1.0\n0.1 0.2\n65500.0 inf\n6e-08 1e-07\n-inf -inf\n0.3333 0.6665\n"
    assert capfd.readouterr().out == expected


@pytest.mark.parametrize("type", ["float16", "bfloat16"])
def test_the_digits_of_all_halves_lead_back_to_them(type):
    for bits in range(0x7C00 if type == "float16" else 0x7F80):
        value = half_from_bits(bits, type)
        text = repr(formatted(type, value))
        assert bits_of_half(float(text), type) == bits, text
        assert len(text.replace(".0", "").partition("e")[0].strip("0.").replace(".", "")) <= 5
