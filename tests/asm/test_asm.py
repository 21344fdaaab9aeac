"""What kernels become: the instructions that make them fast are there, those that would make them slow are not.

Assembly is looked at, not run, so every instruction set is checked on every x86-64 machine.
"""

from __future__ import annotations

import platform
import re

import cudapy as cp
import pytest
from assembly import assembly, blocks, loops_with

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="looks at x86-64 assembly")


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


# stencil : void (float* A, float* B, int n)
def stencil(A, B, n):
    if idx > 0 and idx < n - 1:
        B[idx] = 0.25 * A[idx - 1] + 0.5 * A[idx] + 0.25 * A[idx + 1]


# blur_of_five : void (int width, int height, float* A, float* B)
def blur_of_five(width, height, A, B):
    if 0 < idx < width - 1 and 0 < idy < height - 1:
        i = idy * width + idx
        B[i] = 0.2 * (A[i] + A[i - 1] + A[i + 1] + A[i - width] + A[i + width])


# matmul : void (float* A, float* B, float* C, int n, int m, int p)
def matmul(A, B, C, n, m, p):
    if idx < p and idy < n:
        total = 0.0
        for k in range(m):
            total += A[idy * m + k] * B[k * p + idx]
        C[idy * p + idx] = total


# mandelbrot : void (int* out, int width, int height, int limit)
def mandelbrot(out, width, height, limit):
    if idx < width and idy < height:
        cr = 2.5 * idx / width - 2.0
        ci = 2.5 * idy / height - 1.25
        zr = 0.0
        zi = 0.0
        n = 0
        for i in range(limit):
            if zr * zr + zi * zi > 4.0:
                break
            zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
            n += 1
        out[idy * width + idx] = n


@pytest.mark.parametrize(
    ("isa", "register", "wider"),
    [("avx512", "%zmm", None), ("avx2", "%ymm", "%zmm"), ("sse4", "%xmm", "%ymm")],
)
def test_the_widest_registers_of_the_instruction_set_are_used(isa, register, wider, monkeypatch):
    asm = assembly(saxpy, isa, monkeypatch)
    assert register in asm
    assert wider is None or wider not in asm


@pytest.mark.parametrize("function", [saxpy, stencil, matmul, mandelbrot])
@pytest.mark.parametrize("isa", ["avx512", "avx2", "sse4"])
def test_neighbours_in_memory_need_no_gather_and_arithmetic_no_call(function, isa, monkeypatch):
    asm = assembly(function, isa, monkeypatch)
    assert "gather" not in asm
    assert "scatter" not in asm
    assert "call" not in asm


@pytest.mark.parametrize("function", [saxpy, blur_of_five])
@pytest.mark.parametrize(("isa", "bytes"), [("avx512", 64), ("avx2", 32), ("sse4", 16)])
def test_a_gangs_registers_are_stored_in_the_order_of_memory(function, isa, bytes, monkeypatch):
    asm = assembly(function, isa, monkeypatch)
    stores = re.findall(r"v?movups\t%[xyz]mm\d+, (\d*)\(([^)]*4)\)\n", asm)
    places = [place for _, place in stores]
    pairs = [
        [int(offset or 0) for offset, own in stores if own == place]
        for place in dict.fromkeys(places)
    ]
    assert [0, bytes] in pairs
    assert all(pair == sorted(pair) for pair in pairs)


def test_the_saxpy_loop_has_neither_mask_nor_check(monkeypatch):
    loops = loops_with(assembly(saxpy, "avx512", monkeypatch), "vfmadd")
    (loop,) = [loop for loop in loops if not any("%k" in line for line in loop)]
    assert sum(line.startswith("j") for line in loop) == 1
    assert sum(line.startswith("cmp") for line in loop) <= 1
    assert sum("vfmadd" in line for line in loop) == 2


def test_the_matmul_loop_broadcasts_one_operand_and_loads_the_other(monkeypatch):
    asm = assembly(matmul, "avx512", monkeypatch, check=False)
    plain = [loop for loop in loops_with(asm, "vfmadd") if not any("%k" in line for line in loop)]
    assert plain
    for loop in plain:
        assert sum("vbroadcastss" in line for line in loop) * 2 == sum(
            "vfmadd" in line for line in loop
        )


def test_asking_for_interrupts_costs_the_matmul_loop_nothing(monkeypatch):
    monkeypatch.setenv("CUDAPY_ISA", "avx512")
    asm = cp.compile(matmul, check=False).inspect("asm")
    assert "cudapy_poll" in asm
    (loop,) = [loop for loop in loops_with(asm, "vfmadd") if "zmm" in " ".join(loop)][:1]
    assert sum(line.startswith(("cmp", "test", "dec")) for line in loop) == 1
    assert "cudapy_poll" not in " ".join(loop)


def test_the_mandelbrot_loop_stays_in_registers_and_keeps_each_vectors_mask(monkeypatch):
    asm = assembly(mandelbrot, "avx512", monkeypatch)
    loops = loops_with(asm, "vfmadd")
    assert loops
    for loop in loops:
        assert not any("(%" in line for line in loop), "an access to memory"
        assert not any("kunpck" in line or "kshift" in line for line in loop), (
            "masks packed and unpacked"
        )
        assert sum("kortest" in line for line in loop) == 1
        assert len(loop) <= 30


def test_a_condition_that_all_threads_share_is_a_branch(monkeypatch):
    # choose : void (int which, float* A, float* B)
    def choose(which, A, B):
        if which > 0:
            B[idx] = math.sqrt(A[idx])
        else:
            B[idx] = A[idx] * 2.0

    asm = assembly(choose, "avx512", monkeypatch)
    unmasked = [block for block in blocks(asm) if any("vsqrtps" in line for line in block)]
    assert unmasked
    assert not any(
        "vsqrtps" in line and "vmulps" in " ".join(block) for block in unmasked for line in block
    )


def test_a_descending_index_is_one_load(monkeypatch):
    # reverse : void (float* A, float* B, int n)
    def reverse(A, B, n):
        if idx < n:
            B[idx] = A[n - 1 - idx]

    asm = assembly(reverse, "avx512", monkeypatch)
    assert "gather" not in asm
    assert "vperm" in asm or "vshuf" in asm


def test_an_index_from_memory_is_a_gather(monkeypatch):
    # pick : void (float* A, int* I, float* B)
    def pick(A, I, B):
        if idx < len(B):
            B[idx] = A[I[idx]]

    assert "vgather" in assembly(pick, "avx512", monkeypatch)


@pytest.mark.parametrize("isa", ["avx512", "avx2", "sse4"])
def test_integer_division_is_no_loop_over_lanes(isa, monkeypatch):
    # divide : void (int* A, int* B, int* C)
    def divide(A, B, C):
        if idx < len(C):
            C[idx] = A[idx] // B[idx] + A[idx] % B[idx]

    body = [line for block in blocks(assembly(divide, isa, monkeypatch)) for line in block]
    assert not any(line.startswith("idiv") for line in body)


@pytest.mark.parametrize("name", ["exp", "log", "sin", "cos", "pow", "tanh", "sqrt"])
def test_common_math_is_vector_code(name, monkeypatch):
    if name == "pow":
        # apply : void (float* A, float* B)
        def apply(A, B):
            if idx < len(B):
                B[idx] = math.pow(A[idx], B[idx])
    else:
        source = f"def apply(A, B):\n    if idx < len(B):\n        B[idx] = math.{name}(A[idx])\n"
        apply = function_from(source)

    asm = assembly(apply, "avx512", monkeypatch, "void (float* A, float* B)")
    assert "%zmm" in asm


def function_from(source: str):
    """A function that has its source, as one typed into a notebook cell has."""
    import linecache

    name = f"<cell {abs(hash(source))}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope: dict = {}
    exec(compile(source, name, "exec"), scope)
    return scope["apply"]


@pytest.mark.parametrize("function", [saxpy, stencil, matmul, mandelbrot])
def test_kernels_compile_for_aarch64(function, monkeypatch):
    asm = assembly(function, "neon", monkeypatch)
    assert "fmla" in asm or "fmul" in asm
    assert ".4s" in asm


# bits : void (uint32* X, int64* Y, uint32* Z)
def bits(X, Y, Z):
    Y[idx] = popc(Y[idx]) + clz(Y[idx]) + ffs(Y[idx]) + mulhi(Y[idx], 12345678901)
    Z[idx] = brev(byte_perm(X[idx], Z[idx], 0x1234)) ^ mulhi(X[idx], Z[idx])


# draws : void (float* U, int* I, float* N)
def draws(U, I, N):
    U[idx] = rand(7, idx)
    I[idx] = randint(7, idx, 0, 100)
    N[idx] = normal(7, idx)


@pytest.mark.parametrize("isa", ["avx2", "avx512"])
@pytest.mark.parametrize("function", [bits, draws])
def test_device_functions_are_vectors(function, isa, monkeypatch):
    monkeypatch.setenv("CUDAPY_GANG", "16")
    asm = assembly(function, isa, monkeypatch, check=False)
    for scalar in ("popcnt", "lzcnt", "tzcnt", "bsr", "bsf", "mulx", "vpinsr"):
        assert not re.search(rf"^\s+{scalar}", asm, re.MULTILINE), scalar
    assert "pmuludq" in asm


# total : void (int* X, int* T, float* F)
def total(X, T, F):
    atomic.add(T, 0, X[idx])
    atomic.add(T, 1, 1)
    atomic.max(T, 2, X[idx])


def test_atomics_at_one_place_are_put_together(monkeypatch):
    """One locked operation for a gang, and no loop over its lanes."""
    monkeypatch.setenv("CUDAPY_GANG", "16")
    asm = assembly(total, "avx512", monkeypatch, check=False)
    adds = len(re.findall(r"^\s+lock\s*\n?\s*(add|inc)", asm, re.MULTILINE))
    assert adds == 4  # two in the full gang's body, two in the last one's
    assert "tzcnt" not in asm and "bsf" not in asm


# blur : void (float** A, float** B)
def blur(A, B):
    if 0 < idx < A.shape[1] - 1 and 0 < idy < A.shape[0] - 1:
        near = A[idy - 1, idx] + A[idy + 1, idx] + A[idy, idx - 1] + A[idy, idx + 1]
        B[idy, idx] = 0.5 * A[idy, idx] + 0.125 * near


# product : void (float** A, float** B, float** C)
def product(A, B, C):
    if idx < C.shape[1] and idy < C.shape[0]:
        total = 0.0
        for k in range(A.shape[1]):
            total += A[idy, k] * B[k][idx]
        C[idy, idx] = total


@pytest.mark.parametrize("function", [blur, product])
@pytest.mark.parametrize("isa", ["avx512", "avx2", "sse4"])
def test_matrices_are_read_by_vectors(function, isa, monkeypatch):
    asm = assembly(function, isa, monkeypatch)
    assert "gather" not in asm
    assert "scatter" not in asm
    assert "call" not in asm


@pytest.mark.parametrize("isa", ["avx512", "avx2"])
def test_the_inner_loop_over_a_matrix_is_unchecked(isa, monkeypatch):
    loops = loops_with(assembly(product, isa, monkeypatch), "vfmadd")
    loops = [loop for loop in loops if not any("%k" in line for line in loop)]
    assert loops
    for loop in loops:
        assert sum(line.startswith("j") for line in loop) == 1
        assert sum("vbroadcastss" in line for line in loop) == 1
        assert sum("vfmadd" in line for line in loop) == 2
        assert len(loop) <= 10


def test_rows_and_columns_that_are_apart_are_gathered(monkeypatch):
    # columns : void (float** A, float* B)
    def columns(A, B):
        if idx < len(B):
            B[idx] = A[idx, 0]

    assert "vgather" in assembly(columns, "avx512", monkeypatch)


# indexed_shape : void (float** A, float** B, float** C)
def indexed_shape(A, B, C):
    if idx < C.shape[1] and idy < C.shape[0]:
        total = 0.0
        for k in range(A.shape[1]):
            total += A[idy, k] * B[k, idx]
        C[idy, idx] = total


# unpacked_shape : void (float** A, float** B, float** C)
def unpacked_shape(A, B, C):
    rows, columns = C.shape
    if idx < columns and idy < rows:
        total = 0.0
        _, inner = A.shape
        for k in range(inner):
            total += A[idy, k] * B[k, idx]
        C[idy, idx] = total


def test_an_unpacked_shape_costs_nothing(monkeypatch):
    """The same guards become bounds, and the same checks go, as where a dimension is named."""
    plain, unpacked = (
        [line for block in blocks(assembly(kernel, "avx512", monkeypatch)) for line in block]
        for kernel in (indexed_shape, unpacked_shape)
    )
    assert len(unpacked) <= len(plain) + 2
    assert not [line for line in unpacked if "gather" in line]


# column_sums : void (float** A, float* Y)
def column_sums(A, Y):
    if idx < len(Y):
        total = 0.0
        for x in A[1:-1, idx]:
            total += x
        Y[idx] = total


def test_a_loop_over_a_slice_checks_no_index_of_it(monkeypatch):
    loops = loops_with(assembly(column_sums, "avx512", monkeypatch), "vaddps")
    (loop,) = [loop for loop in loops if not any("%k" in line for line in loop)]
    assert sum(line.startswith("j") for line in loop) == 1
    assert not [line for line in loop if "gather" in line or "call" in line]
