"""What kernels become for NVIDIA GPUs: PTX, made on machines without one, that NVIDIA's assembler takes."""

from __future__ import annotations

import linecache
import math
import os
import re
import runpy
import shutil
import subprocess
import sys

import cudapy as cp
import numpy as np
import pytest
from assembly import needs_assembler

PTXAS = shutil.which("ptxas")


# saxpy : void (float alpha, float* X, float* Y)
def saxpy(alpha, X, Y):
    if idx < len(X):
        Y[idx] = alpha * X[idx] + Y[idx]


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


# rare : void (float* X, double* Y)
def rare(X, Y):
    if idx < len(X):
        X[idx] = math.sin(X[idx]) + math.fmod(X[idx], 3.0) + math.remainder(X[idx], 0.3)
        Y[idx] = math.tan(Y[idx]) + math.fmod(Y[idx], 3.0) + math.cos(Y[idx])


# every_type : void (bool b, int8 i, uint8 u, int16 s, uint16* S, int64* L, double* D, bool* B)
def every_type(b, i, u, s, S, L, D, B):
    if idx < len(S):
        S[idx] = S[idx] // u + s
        L[idx] = L[idx] % i if b else L[idx] >> u
        D[idx] = int(D[idx]) ** 2 + round(D[idx])
        B[idx] = not B[idx]


# stencil : void (float* X, float* Y)
def stencil(X, Y):
    if 0 < idx < len(X) - 1:
        Y[idx] = 0.25 * X[idx - 1] + 0.5 * X[idx] + 0.25 * X[idx + 1]


# gather : void (float* X, int* I, float* Y)
def gather(X, I, Y):
    if idx < len(I):
        Y[idx] = X[I[idx]]


# tiled : void (float* A, float* B, float* C, int n)
def tiled(A, B, C, n):
    a = shared((16, 16), float)
    b = shared((16, 16), float)
    total = 0.0
    for t in range(n // 16):
        a[threadIdx.y, threadIdx.x] = A[idy * n + t * 16 + threadIdx.x]
        b[threadIdx.y, threadIdx.x] = B[(t * 16 + threadIdx.y) * n + idx]
        syncthreads()
        for k in range(16):
            total += a[threadIdx.y, k] * b[k, threadIdx.x]
        syncthreads()
    C[idy * n + idx] = total


# together : void (int* X)
def together(X):
    while X[threadIdx.x] > 0:
        syncthreads()
        X[threadIdx.x] -= 1


# columns : void (float** A, float* Y)
def columns(A, Y):
    held = shared(64, float)
    total = 0.0
    for row in range(A.shape[0]):
        held[threadIdx.x] = A[row, idx]
        syncthreads()
        total += held[63 - threadIdx.x]
        syncthreads()
    Y[idx] = total


# spin : void (complex64* X, complex64* Y)
def spin(X, Y):
    if idx < len(X):
        Y[idx] = X[idx] * Y[idx]


# warps : void (float* X, double* Z, int* L, float* Y)
def warps(X, Z, L, Y):
    v = X[idx] if idx < len(X) else 0.0
    for d in (16, 8, 4, 2, 1):
        v += shfl_down(v, d)
    if lane_id() == 0 and all(v > 0.0):
        Y[idx // 32] = v + popc(match_any(Z[idx]))
    Z[idx] = shfl(Z[idx], L[idx])
    syncwarp()


Body = np.dtype([("mass", "f4"), ("hits", "i4"), ("at", [("x", "f8"), ("y", "f8")])], align=True)


# fields : void (Body* P, int* K, complex64* Z)
def fields(P, K, Z):
    if idx < len(K):
        atomic.add(P[K[idx]].mass, 1)
        atomic.max(P[K[idx]].hits, idx)
        atomic.add(P[idx].at.y, 0.5)
        K[idx] = match_all(K[idx]) + match_all(P[idx].hits)
        Z[idx] = shfl_down(Z[idx], 1)
        a, b = Z[idx : idx + 2]
        P[idx] = shfl_xor(P[idx], 3)
        Z[idx] = a * b


# half_sums : void (half* H, half* R, bfloat16* B)
def half_sums(H, R, B):
    if idx < len(H):
        atomic.add(R, 0, H[idx])
        atomic.max(R, 1, H[idx])
        B[idx] = atomic.sub(B, 0, H[idx])
        atomic.exch(R, 2, H[idx])


# window : void (float* X, float* Y, int width)
def window(X, Y, width):
    near = shared((2, blockDim.x + width), float)
    marks = shared(width, cp.uint8)
    for i in range(threadIdx.x, blockDim.x + width, blockDim.x):
        near[1, i] = X[i] if i < len(X) else 0.0
    if threadIdx.x < width:
        marks[threadIdx.x] = 1
    syncthreads()
    if idx < len(Y):
        total = 0.0
        for i in range(width):
            total += near[1, threadIdx.x + i] * marks[i]
        Y[idx] = total


# large : void (float* Y)
def large(Y):
    held = shared(16_000, float)
    held[threadIdx.x] = Y[idx]
    syncthreads()
    Y[idx] = held[threadIdx.x ^ 1]


KERNELS = [
    tiled,
    columns,
    together,
    spin,
    stencil,
    gather,
    saxpy,
    matmul,
    mandelbrot,
    rare,
    every_type,
    warps,
    fields,
    half_sums,
    window,
    large,
]


def ptx(function, architecture: str = "sm_90", **options) -> str:
    return cp.compile(function, **options).inspect("ptx", architecture=architecture)


def instructions(text: str) -> str:
    """The entry alone, without what reports faults, and the one whose threads stand for neighbours."""
    return text[text.index(".entry") :].split(".func")[0].split(".visible .entry")[0]


def gang_instructions(text: str) -> str:
    """The entry whose threads stand for neighbours."""
    return text[text.index("_gang(") :].split(".func")[0]


@pytest.mark.skipif(PTXAS is None, reason="needs ptxas of the CUDA toolkit")
@pytest.mark.parametrize("architecture", ["sm_75", "sm_90", "sm_120"])
@pytest.mark.parametrize("function", KERNELS)
def test_the_assembler_takes_it_without_spills(function, architecture, tmp_path):
    source = tmp_path / "kernel.ptx"
    source.write_text(ptx(function, architecture))
    done = subprocess.run(
        [PTXAS, "-v", f"-arch={architecture}", str(source), "-o", str(tmp_path / "kernel.cubin")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    spills = re.findall(r"(\d+) bytes spill", done.stderr)
    assert spills
    assert set(spills) == {"0"}


@pytest.mark.parametrize(
    ("architecture", "version"),
    [("sm_75", "6.3"), ("sm_80", "7.0"), ("sm_90", "7.8"), ("sm_100", "8.6")],
)
def test_the_ptx_version_is_the_oldest_that_knows_the_architecture(architecture, version):
    text = ptx(saxpy, architecture)
    assert f".version {version}\n.target {architecture}" in text


def parts_of_floats(P, X):
    if idx < len(P):
        P[idx].mass = X[idx] * 2.0
        P[idx].charge = X[idx] + 1.0


def parts_of_halves(P, X):
    if idx < len(P):
        P[idx].mass = X[idx] * 2.0
        P[idx].charge = P[idx].mass + X[idx]


@pytest.mark.parametrize(
    ("kernel", "mass", "charge", "bytes_stored"),
    [(parts_of_floats, "f8", "f4", 8 + 4), (parts_of_halves, "f2", "f2", 2 + 2)],
)
def test_a_part_of_a_float_is_not_stored_from_the_register_that_computed_it(
    kernel, mass, charge, bytes_stored
):
    # The assembler would convert the number to an integer: `cvt.rn.f32.f64 %r1, ...; st.global.b8 [p], %r1`.
    packed = np.dtype([("kind", "i1"), ("mass", mass), ("charge", charge)])
    kernel = cp.compile(kernel)
    kernel(1)(np.zeros(1, packed), np.zeros(1, "float32"))
    body = instructions(kernel.inspect("ptx", architecture="sm_90"))
    stored = re.findall(r"st\.global\.b8\s+\[[^\]]+\], (%\w+);", body)
    assert len(stored) >= bytes_stored
    for register in set(stored):
        makers = re.findall(rf"^\s*([a-z][\w.]*)\s+{register},", body, re.MULTILINE)
        assert makers
        assert not any(re.search(r"\.f(16|32|64)", maker) for maker in makers), (register, makers)


def test_products_and_sums_are_fused_where_the_kernel_says_so():
    assert "fma.rn.f32" in ptx(saxpy)
    apart = ptx(saxpy, contract=False)
    assert "fma" not in apart
    assert "mul.rn.f32" in apart  # without .rn the assembler would fuse them
    assert "add.rn.f32" in apart


def test_a_thread_of_saxpy_moves_16_bytes_at_a_time_and_checks_once():
    for check in (True, False):
        body = gang_instructions(ptx(saxpy, check=check))
        assert body.count("ld.global.nc.v4.b32") == 1, "of what is only read"
        assert body.count("ld.global.v4.b32") == 1
        assert body.count("st.global.v4.b32") == 1
        before = body[: body.index("st.global.v4.b32")]
        assert before.count("setp") <= 2
        assert "call" not in body
        assert "cvta" not in body
        assert ".local" not in body


@pytest.mark.parametrize(("dtype", "access"), [("double", "v2.b64"), ("int", "v4.b32")])
def test_wide_accesses_fit_the_element(dtype, access):
    kernel = cp.compile(saxpy, sig=f"void ({dtype} alpha, {dtype}* X, {dtype}* Y)")
    assert f"ld.global.nc.{access}" in kernel.inspect("ptx", architecture="sm_90")


def test_accesses_of_one_thread_are_not_widened():
    body = instructions(ptx(stencil))
    assert not re.search(r"ld\.global\.(nc\.)?v", body)
    assert body.count("ld.global.nc.b32") == 3, "its guard proves them"
    assert body.count("ld.global.b32") == 1, "what a fault reads"


KERNEL = """
import cudapy as cp
from cudapy import *

@cp.kernel(sig="void (int* X)")
def {name}(X):
    print_here(X[idx])
    syncthreads()
    X[idx + 1] = 0

def print_here(n):
    print("here", n)
"""


@pytest.mark.parametrize("name", ["fault", "prints", "barrier", "record_fault", "stack"])
def test_kernels_may_be_named_as_what_lies_beside_them(name, tmp_path):
    file = tmp_path / "named.py"
    file.write_text(KERNEL.format(name=name))
    kernel = runpy.run_path(str(file))[name]
    text = kernel.inspect("ptx", architecture="sm_90")
    assert f".entry cudapy_{name}(" in text
    assert re.search(r"\.global \.align 8 \.b8 cudapy\$fault\[", text)
    assert re.search(r"\.global \.align 8 \.b8 cudapy\$prints\[", text)


# many : void (int* X, int* Y)
def many(X, Y):
    i = X[idx]
    total = 0
    total += X[i + 1] + X[i + 2] + X[i + 3] + X[i + 4] + X[i + 5]
    total += X[i + 6] + X[i + 7] + X[i + 8] + X[i + 9] + X[i + 10]
    total += X[i - 1] + X[i - 2] + X[i - 3] + X[i - 4] + X[i - 5]
    total += X[i - 6] + X[i - 7] + X[i - 8] + X[i - 9] + X[i - 10]
    total += X[i * 1] + X[i * 2] + X[i * 3] + X[i * 4] + X[i * 5]
    total += X[i * 6] + X[i * 7] + X[i * 8] + X[i * 9] + X[i * 10]
    total += X[i ^ 1] + X[i ^ 2] + X[i ^ 3] + X[i ^ 4] + X[i ^ 5]
    total += X[i ^ 6] + X[i ^ 7] + X[i ^ 8] + X[i ^ 9] + X[i ^ 10]
    total += X[i | 1] + X[i | 2] + X[i | 3] + X[i | 4] + X[i | 5]
    total += X[i | 6] + X[i | 7] + X[i | 8] + X[i | 9] + X[i | 10]
    Y[idx] = total


def test_many_checks_share_the_code_that_records_a_fault():
    body = instructions(ptx(many))
    assert "call.uni cudapy$record_fault" in body
    assert "atom" not in body


def test_faults_are_recorded_without_a_call():
    for kernel in (gather, stencil, matmul):
        assert "call" not in instructions(ptx(kernel))


# parts : void (int* X, int** M)
def parts(X, M):
    if idx < len(X):
        v = X[idx]
        if v > 2:
            M[0, idx] = ballot(v > 3)
        M[1, idx] = ballot(v > 1)


def test_no_way_leads_on_from_a_fault_so_that_threads_meet_behind_branches():
    # A block that all faults led to would be the first one behind the inner branch that all ways
    # lead to, and the place where the assembler lets the threads meet: the exit.
    blocks = re.split(r"^(\$L__BB\w+):", instructions(ptx(parts)), flags=re.MULTILINE)
    claims = [text for text in blocks if "atom.relaxed.gpu.global.cas" in text]
    assert len(claims) == 4, "two checks of each of two accesses"
    targets = re.findall(r"bra(?:\.uni)?\s+(\$L__BB\w+);", instructions(ptx(parts)))
    recorded = [label for label, text in zip(blocks[1::2], blocks[2::2]) if "cudapy$fault" in text]
    assert recorded
    assert all(targets.count(label) <= 1 for label in recorded)


def test_indices_are_checked_in_32_bits():
    body = instructions(ptx(gather))
    assert "setp.lt.u64" not in body
    assert "setp.ge.u64" not in body


def test_the_loop_of_matmul_has_no_checks():
    text = ptx(matmul)
    unrolled = [block for block in text.split("$L__BB") if block.count("fma.rn.f32") > 1]
    assert unrolled, "loops are unrolled"
    for block in unrolled:
        assert block.count("setp") <= 1


def test_barriers_and_shared_memory_are_the_devices_own():
    body = instructions(ptx(tiled, check=False))
    assert body.count("bar.sync") == 3, "two, and one behind the zeros"
    assert "bar.red" not in body
    assert "ld.shared" in body
    assert "st.shared" in body
    assert "ld.local" not in body


def test_threads_ask_each_other_only_where_they_may_part():
    agreed = "barrier.cta.red"
    body = instructions(ptx(tiled))
    assert body.count(agreed) + body.count("bar.red") == 0
    body = instructions(ptx(columns))
    assert body.count(agreed) + body.count("bar.red") == 1, "whether all of a block are inside"
    body = instructions(ptx(together))
    assert body.count(agreed) + body.count("bar.red") == 2, "at each turn: all, any"
    body = instructions(ptx(together, check=False))
    assert body.count(agreed) + body.count("bar.red") == 0


# scale_rows : void (float* X, float* Y, int n)
def scale_rows(X, Y, n):
    for k in range(n):
        Y[idx * n + k] = X[idx] * k


# hand_over : void (float* X, float* Y)
def hand_over(X, Y):
    Y[idx] = X[idx]
    syncthreads()
    Y[idx] = Y[idx] + Y[idx ^ 1]


def test_what_is_only_read_is_loaded_once_whatever_is_stored():
    body = instructions(ptx(scale_rows, check=False))
    assert body.count("ld.global.nc.b32") == 1
    assert body.index("ld.global.nc.b32") < body.index("st.global.b32")


# awaits : void (int* F, float* X, float* Y)
def awaits(F, X, Y):
    while F[0] == 0:
        threadfence()
    Y[idx] = X[idx]


def test_behind_a_fence_what_is_only_read_may_have_changed():
    body = instructions(ptx(awaits, check=False))
    assert "ld.global.nc" not in body
    loop = body[body.index("fence") :]
    assert "ld.global.b32" in loop[: loop.index("bra")], "at each turn"


def test_what_threads_hand_each_other_is_loaded_behind_the_barrier():
    """An array that is written may be written by another thread as well."""
    body = instructions(ptx(hand_over, check=False))
    assert body.count("ld.global.nc.b32") == 1
    assert body.count("ld.global.b32") == 2
    assert body.index("st.global.b32") < body.index("bar.sync") < body.index("ld.global.b32")


# fences : void (int* X)
def fences(X):
    X[0] = 1
    threadfence_block()
    X[0] = 2
    threadfence()
    X[0] = 3
    threadfence_system()


def test_fences_reach_as_far_as_they_say():
    found = re.findall(r"fence\.sc\.(\w+);", ptx(fences, check=False))
    assert found == ["cta", "gpu", "sys"]


@pytest.mark.parametrize("kernel", [window, large])
def test_arrays_that_the_launch_gives_memory_are_behind_one_symbol(kernel):
    text = ptx(kernel)
    assert text.count(".extern .shared .align 16 .b8 cudapy$launch_memory[];") == 1
    assert ".shared .align 16 .b8 cudapy$shared" not in text
    body = instructions(text)
    assert "ld.shared" in body
    assert "ld.b32" not in body, "the address space is known"


def test_warps_use_the_devices_own_operations():
    body = instructions(ptx(warps, check=False))
    assert body.count("shfl.sync.down.b32") == 5
    assert body.count("shfl.sync.idx.b32") == 2, "a double is two words"
    assert "vote.sync.all.pred" in body
    assert "match.any.sync.b64" in body
    together = 7  # the shuffles, of which the double's are one, and syncwarp
    assert body.count("bar.warp.sync") == together, "nowhere among lanes that have parted"
    assert "ld.local" not in body


def test_a_complex_number_is_one_access():
    body = instructions(ptx(spin, check=False))
    assert len(re.findall(r"ld\.global\.(?:nc\.)?v2\.b32", body)) == 2
    assert body.count("st.global.v2.b32") == 1
    assert not re.search(r"ld\.global\.(nc\.)?b32", body)


def test_a_check_that_stands_once_is_made_where_it_stands():
    body = instructions(ptx(mandelbrot))
    assert body.count("st.global.b32 ") == 1, "one body"
    body = instructions(ptx(tiled))
    assert body.count("ld.shared") == instructions(ptx(tiled, check=False)).count("ld.shared")


def test_a_kernel_of_one_dimension_does_not_look_for_rows():
    work = instructions(ptx(gather)).split("atom")[0]
    assert "%ctaid.y" not in work
    assert "%tid.z" not in work
    work = instructions(ptx(matmul)).split("atom")[0]
    assert "%tid.y" in work
    assert "%tid.z" not in work


def test_counters_are_as_wide_as_they_were_declared():
    work = instructions(ptx(mandelbrot)).split("st.global")[0]
    assert "setp.eq.b64" not in work
    assert "setp.ne.b64" not in work


def test_the_inner_loop_of_matmul_is_32_bit_loads_and_a_fused_multiply_add():
    body = instructions(ptx(matmul, check=False))
    assert "ld.global.nc.b32" in body
    assert "fma.rn.f32" in body
    assert "call" not in body


def test_division_is_correctly_rounded():
    # divide : void (float* X, float y)
    def divide(X, y):
        if idx < len(X):
            X[idx] = X[idx] / y

    assert "div.rn.f32" in ptx(divide)


def test_minima_with_zero_keep_its_sign():
    """PTX's min.f32 gives -0.0 for 0.0 and -0.0, Python's min the first; max.f32 gives what max(0.0, x) is."""

    # clip : void (float* X, float* Y)
    def clip(X, Y):
        if idx < len(X):
            X[idx] = min(0.0, X[idx])
            Y[idx] = min(2.0, max(0.0, Y[idx]))

    body = instructions(ptx(clip))
    assert "min.f32" in body and "max.f32" in body
    assert not re.search(r"min\.f32.*0f00000000", ptx(clip))


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("sm_70", "'sm_70' is no architecture from sm_75 on"),
        ("sm_999", "LLVM knows no architecture 'sm_999'"),
        ("sm_", "'sm_' is no architecture"),
    ],
)
def test_unknown_architectures_are_refused(architecture, message, capfd):
    with pytest.raises(cp.CompileError, match=message):
        ptx(saxpy, architecture)
    assert capfd.readouterr() == ("", "")


def test_special_functions_call_nothing():
    # gammas : void (double* X, double* Y)
    def gammas(X, Y):
        if idx < len(X):
            Y[idx] = math.lgamma(X[idx]) + math.gamma(X[idx]) + math.cyl_bessel_i0(X[idx])

    assert "call" not in " ".join(instructions(ptx(gammas)))


def test_bessel_functions_have_formulas():
    # bessel : void (int32* N, double* X, double* Y)
    def bessel(N, X, Y):
        if idx < len(X):
            Y[idx] = math.jn(N[idx], X[idx]) + math.yn(N[idx], X[idx])

    code = ptx(bessel)
    assert "cudapy_math_jn" not in code and "cudapy_math_yn" not in code


# shifts : void (uint64* A, uint64* C, uint64* L)
def shifts(A, C, L):
    if idx < len(A):
        L[idx] = A[idx] << C[idx]


def test_counts_of_64_bits_are_not_cut_before_they_are_compared():
    """PTX shifts by 32 bits: a count of 2^32 must not become 0."""
    entry = instructions(ptx(shifts))
    counts = re.findall(r"shl\.b64 \t%rd\d+, %rd\d+, (%r\d+);", entry)
    assert counts
    for count in counts:
        cut = re.search(rf"cvt\.u32\.u64 \t{count}, (%rd\d+);", entry)
        assert f"min.u64 \t{cut[1]}," in entry


def test_lines_of_the_source_are_told_to_profilers_on_request(tmp_path):
    program = tmp_path / "lines.py"
    program.write_text(
        "import cudapy as cp\n\n\n# twice : void (float* X)\ndef twice(X):\n    y = X[idx] * 2\n    X[idx] = y\n\n\n"
        "print(cp.compile(twice).inspect('ptx', architecture='sm_90'))\n"
    )
    texts = {}
    for wanted in ("", "1"):
        done = subprocess.run(
            [sys.executable, str(program)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "CUDAPY_LINEINFO": wanted},
        )
        texts[wanted] = done.stdout
    assert ".loc" not in texts[""]
    assert f'.file\t1 "{program}"' in texts["1"]
    assert {int(line) for line in re.findall(r"\.loc\t1 (\d+)", texts["1"])} >= {6, 7}
    if PTXAS is not None:
        text = tmp_path / "lines.ptx"
        text.write_text(texts["1"])
        subprocess.run(
            [PTXAS, "-arch=sm_90", "-lineinfo", text, "-o", tmp_path / "lines.cubin"], check=True
        )
        assert b"lines.py" in (tmp_path / "lines.cubin").read_bytes()


@needs_assembler
@pytest.mark.parametrize("architecture", ["sm_75", "sm_80", "sm_90", "sm_100"])
def test_machine_code_for_a_gpu_that_is_not_there(architecture):
    code = cp.compile(tiled).compile_for(architecture)
    assert code.architecture == architecture
    assert f".target {architecture}" in code.ptx
    assert code.cubin.startswith(b"\x7fELF")
    assert b"cudapy_tiled" in code.cubin
    assert 10 < code.registers <= 128
    assert code.spilled_bytes == 0


@needs_assembler
def test_atomics_on_an_array_of_the_thread_are_loads_and_stores():
    # own : void (int* X, float16* H)
    def own(X, H):
        bins = cp.local(8, cp.int32)
        halves = cp.local(8, cp.float16)
        for i in range(9):
            cp.atomic.add(bins, X[i] & 7, 1)
            cp.atomic.max(halves, X[i] & 7, H[i])
        cp.atomic.cas(bins, X[0] & 7, 3, X[1])
        X[idx] = bins[X[1] & 7] + int(halves[X[2] & 7])

    code = cp.compile(own, check=False).compile_for("sm_90")
    assert "atom" not in code.ptx
    assert code.cubin.startswith(b"\x7fELF")


@needs_assembler
def test_registers_of_known_kernels():
    most = {saxpy: 32, stencil: 32, gather: 32, matmul: 64, mandelbrot: 48, columns: 64}
    for function, limit in most.items():
        code = cp.compile(function).compile_for("sm_90")
        assert 8 <= code.registers <= limit, f"{function.__name__}: {code.registers} registers"
        assert code.spilled_bytes == 0
    assert cp.compile(saxpy).inspect("cubin", architecture="sm_90").startswith(b"\x7fELF")


@needs_assembler
def test_blocks_of_many_threads_leave_room_for_others():
    code = cp.compile(tiled).compile_for("sm_90", block=(32, 32))
    assert code.registers <= 32, "so that a multiprocessor holds two blocks"
    assert code.spilled_bytes == 0


def test_without_an_assembler_it_is_said_what_would_be_one(monkeypatch):
    from cudapy._impl import assemble

    monkeypatch.setattr(assemble, "_nvjitlink", lambda: None)
    monkeypatch.setattr(assemble, "_ptxas", lambda: None)
    with pytest.raises(cp.CudaError, match="pip install nvidia-nvjitlink"):
        cp.compile(saxpy).compile_for("sm_90")
    with pytest.raises(cp.CompileError, match="sm_12"):
        cp.compile(saxpy).compile_for("sm_12")


def test_atomics_on_fields_go_to_the_device():
    ptx = cp.compile(fields).inspect("ptx", architecture="sm_90")
    assert re.search(r"(atom|red)\.(relaxed\.)?(gpu\.)?(global\.)?.*add\.f32", ptx)
    assert re.search(r"(atom|red)\.(relaxed\.)?(gpu\.)?(global\.)?.*add\.f64", ptx)
    assert ptx.count("match.any.sync") == 2 and "shfl.sync.down" in ptx


@pytest.mark.parametrize(
    "name",
    [
        "fault",
        "prints",
        "print_",
        "stack",
        "record_fault",
        "barrier",
        "math_fmod",
        "recursive_0",
        "two_over_pi",
    ],
)
def test_a_kernel_may_be_called_as_what_stands_beside_it(name):
    source = f"""
def deep(n):
    return 0 if n == 0 else 1 + deep(n - 1)

def {name}(X):
    held = shared(64, float)
    held[threadIdx.x % 64] = X[idx]
    syncthreads()
    print(idx)
    X[idx] = held[63 - threadIdx.x % 64] + math.sin(X[idx]) + deep(int(X[idx]))
"""
    scope = {"math": math}
    linecache.cache[f"<{name}>"] = (
        len(source),
        None,
        source.splitlines(keepends=True),
        f"<{name}>",
    )
    exec(compile(source, f"<{name}>", "exec"), scope)
    text = cp.compile(scope[name]).inspect("ptx", types="void (float32* X)")
    assert re.findall(r"\.visible \.entry (\S+)\(", text) == [f"cudapy_{name}"]
    own = set(re.findall(r"cudapy\$(\w+)", text))
    assert {"fault", "prints", "stack", "recursive_0"} <= own
    assert set(re.findall(r"\bcudapy_\w+", text)) <= {f"cudapy_{name}"} | set(
        re.findall(rf"\bcudapy_{name}_param_\d+", text)
    )
