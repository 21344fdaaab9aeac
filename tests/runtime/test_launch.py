"""Launch sizes, launchers that are kept, kernels as objects, and the hook of the reference device."""

from __future__ import annotations

import gc
import inspect
import weakref

import cudapy as cp
import numpy as np
import pytest


@cp.kernel
def count(out):
    """Counts the threads that run."""
    if idx < len(out):
        out[idx] += 1


@cp.kernel
def count_grid(out, columns):
    out[(idz * 3 + idy) * columns + idx] += 1


@cp.kernel("void (int* dims)")
def block_shape(dims):
    if idx == 0 and idy == 0 and idz == 0:
        dims[0] = blockDim.x
        dims[1] = blockDim.y
        dims[2] = blockDim.z
        dims[3] = gridDim.x
        dims[4] = gridDim.y
        dims[5] = gridDim.z


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 31, 32, 33, 1000, 100_003])
def test_every_thread_runs_once(n):
    out = np.zeros(max(n, 1) + 5, np.int32)
    count(n)(out)
    assert out[:n].all() and out.sum() == n


@pytest.mark.parametrize(
    "size",
    [(4, 3, 2), (1, 3, 2), (1000, 3, 1), (33, 2), (5,)],
)
@pytest.mark.parametrize("form", ["arguments", "tuple", "list", "dim3", "keywords"])
def test_forms_of_the_size(size, form):
    launcher = {
        "arguments": lambda: count_grid(*size),
        "tuple": lambda: count_grid(size),
        "list": lambda: count_grid(list(size)),
        "dim3": lambda: count_grid(cp.dim3(*size)),
        "keywords": lambda: count_grid(**dict(zip(("nx", "ny", "nz"), size))),
    }[form]()
    out = np.zeros((2, 3, size[0]), np.int32)
    launcher(out.ravel(), size[0])
    ny, nz = (*size, 1, 1)[1:3]
    wanted = np.zeros_like(out)
    wanted[:nz, :ny] = 1
    assert np.array_equal(out, wanted)


@pytest.mark.slow
def test_more_threads_than_an_int32_counts():
    kernel = cp.kernel(count.__wrapped__)
    out = np.zeros(1000, np.int32)
    for n in (2**31 - 1, 2**31, 2**33, 500):
        kernel(n)(out)
    assert (out[:500] == 4).all() and (out[500:] == 3).all()
    assert len(kernel.signatures) == 1

    @cp.kernel
    def far(out):
        if idx >= 2147483700:
            out[idx - 2147483700] = idx

    out = np.zeros(20, np.int64)
    far(2147483720)(out)
    assert out.tolist() == list(range(2147483700, 2147483720))


def test_numpy_integers_and_bools_are_sizes():
    out = np.zeros(8, np.int32)
    count(np.int16(4))(out)
    count(True)(out)
    assert out.tolist() == [2, 1, 1, 1, 0, 0, 0, 0]


def test_any_dimension_of_zero_is_nothing():
    out = np.zeros(8, np.int32)
    for size in ((0,), (0, 5), (5, 0), (5, 5, 0), (2**62, 2**31 - 1, 0)):
        count(*size)(out)
    assert not out.any()
    with pytest.raises(cp.CudaTypeError):
        count(0)()


@pytest.mark.parametrize(
    ("size", "keywords", "error", "text"),
    [
        (
            (-1,),
            {},
            ValueError,
            "`count`: the number of threads along x is -1: it cannot be negative",
        ),
        ((5, -3), {}, ValueError, "along y is -3"),
        ((2**62 + 1,), {}, ValueError, "at most 2**62"),
        ((10**30,), {}, ValueError, "along x is 1000000000000000000000000000000: at most 2**62"),
        ((1, 2**31), {}, ValueError, "along y is 2147483648: at most 2**31 - 1"),
        ((2**40, 2**30, 2**30), {}, ValueError, "more than 2**62"),
        ((1.0,), {}, TypeError, "integers, not 1.0, a float"),
        (("5",), {}, TypeError, "'5', a str"),
        ((None,), {}, TypeError, "None"),
        ((), {}, TypeError, "the number of threads is missing"),
        ((1, 2, 3, 4), {}, TypeError, "1 to 3 dimensions, not 4"),
        (((1, 2, 3, 4),), {}, ValueError, "1 to 3 dimensions, not 4"),
        (((),), {}, ValueError, "1 to 3 dimensions, not 0"),
        (((1, 2), 3), {}, TypeError, "given twice"),
        ((1, 2.5), {}, TypeError, "along y is an integer, not 2.5"),
        ((np.zeros(2, np.float32), 1), {}, TypeError, "is an integer, not array"),
        ((1,), {"nx": 2}, TypeError, "nx is given twice"),
        ((1,), {"threads": 2}, TypeError, "no keyword `threads`"),
        ((1,), {"block": 0}, ValueError, "from 1 to 1024"),
        ((1,), {"block": 2048}, ValueError, "from 1 to 1024"),
        ((1,), {"block": (64, 64)}, ValueError, "4096 threads: at most 1024"),
        ((1,), {"block": 1.5}, TypeError, "1.5"),
        ((1,), {"stream": object()}, ValueError, "no stream of the CPU"),
    ],
)
def test_sizes_that_are_refused(size, keywords, error, text):
    with pytest.raises(error) as raised:
        count(*size, **keywords)
    assert text in str(raised.value)


def test_blocks():
    def shape(*size, **keywords):
        dims = [0] * 6
        block_shape(*size, **keywords)(dims)
        return dims

    assert shape(1000) == [256, 1, 1, 4, 1, 1]
    assert shape(100, 100) == [32, 8, 1, 4, 13, 1]
    assert shape(100, 10, 10) == [32, 4, 2, 4, 3, 5]
    assert shape(1000, block=100) == [100, 1, 1, 10, 1, 1]
    assert shape(100, 100, block=(10, 20)) == [10, 20, 1, 10, 5, 1]
    assert shape(100, block=cp.dim3(5, 1, 1)) == [5, 1, 1, 20, 1, 1]
    assert shape(100, block=None, stream=None) == [256, 1, 1, 1, 1, 1]
    for block in (1, 7, 64, 1024):
        out = np.zeros(1000, np.int32)
        count(900, block=block)(out)
        assert out[:900].all() and out.sum() == 900


def test_launchers_are_kept_and_independent():
    out = np.zeros(8, np.int32)
    two, five = count(2), count(5)
    two(out)
    five(out)
    two(out)
    assert out.tolist() == [3, 3, 1, 1, 1, 0, 0, 0]
    assert two.kernel is count
    assert "2 x 1 x 1" in repr(two) and "count" in repr(two)
    with pytest.raises(TypeError):
        type(two)()
    assert two(*(out,)) is None


@pytest.mark.unrecorded
def test_launchers_in_cycles_are_collected():
    def local(out):
        if idx < len(out):
            out[idx] = 1.0

    kernel = cp.kernel(local)
    launchers = [kernel(3) for _ in range(4)]
    for launcher in launchers:
        launcher([0.0])
    local.kept = launchers  # function -> launcher -> kernel -> function
    gone = weakref.ref(kernel)
    del kernel, launchers, launcher, local
    gc.collect()
    assert gone() is None


def test_kernel_looks_like_its_function():
    assert count.__name__ == "count"
    assert count.__doc__ == "Counts the threads that run."
    assert count.__module__ == __name__
    assert inspect.signature(count) == inspect.signature(count.__wrapped__)
    assert count.functions == (count.__wrapped__,)
    assert count.sigs == (None,)
    assert count.options["deferred"] is True
    assert repr(block_shape) in (
        "<cudapy kernel block_shape>",
        "<cudapy kernel block_shape(int32* dims)>",
    )
    count.note = "attributes can be set"
    assert count.note
    del count.note
    with pytest.raises((AttributeError, TypeError)):
        count.functions = ()
    assert callable(count)


def test_inspect():
    def shift(X, by):
        if idx < len(X):
            X[idx] = X[idx] + by

    kernel = cp.kernel(shift)
    assert "idx < len(X)" in kernel.inspect("tree")
    with pytest.raises(ValueError, match="types="):
        kernel.inspect("typed")
    assert "float64" in kernel.inspect("typed", types=[cp.Pointer(cp.Double), cp.Double])
    assert "int16" in kernel.inspect("typed", types=["int16*", cp.int16])
    kernel(1)(np.zeros(1, np.float32), 1.0)
    assert "float32" in kernel.inspect("typed")
    assert "define" in kernel.inspect("llvm")
    assert "ret" in kernel.inspect("asm")
    with pytest.raises(ValueError, match='"tree"'):
        kernel.inspect("ast")
    with pytest.raises(TypeError):
        kernel.inspect("typed", types=[cp.Int])
    with pytest.raises(cp.CompileError):
        kernel.inspect("typed", types=[cp.Int, cp.Int])


def test_mistakes_in_a_signature_are_found_when_compiled_and_others_at_the_launch():
    # wrong : void (float* X)
    def wrong(X):
        X[idx] = undefined_name

    with pytest.raises(cp.CompileError) as raised:
        cp.compile(wrong)
    assert "undefined_name" in str(raised.value)
    assert raised.value.errors[0]["line"] > 0

    kernel = cp.kernel(wrong)
    launcher = kernel(1)
    with pytest.raises(cp.CompileError):
        launcher([1.0])

    # typed : void (float* X, float y)
    def typed(X, y):
        X[y] = 1.0

    with pytest.raises(cp.CompileError):
        cp.compile(typed)


def test_debug_writes_the_stages(tmp_path, capsys):
    def traced(X):
        if idx < len(X):
            X[idx] = X[idx] * 2.0

    kernel = cp.compile(traced, debug=str(tmp_path))
    kernel(1)([1.0])
    kernel(1)(np.ones(1))
    folder = tmp_path / "traced.cudapy"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "1-tree.txt",
        "2-typed.txt",
        "3-lowered.txt",
        "4-unoptimised.ll",
        "5-optimised.ll",
        "6-assembly.s",
    ]
    assert all((folder / name).read_text().strip() for name in names)
    assert (tmp_path / "traced.cudapy-2").is_dir()
    assert str(folder) in capsys.readouterr().out


def test_launch_hook_takes_the_place_of_machine_code():
    from cudapy import _core

    seen = []
    out = [0] * 3
    _core.choose_device("seen", hook=lambda *call: seen.append(call))
    try:
        count(3)(out)
        count(3, 4, block=(8, 2))(out)
        with pytest.raises(ValueError):
            count(-1)
    finally:
        _core.choose_device("cpu")
    assert seen == [
        (count, (3, 1, 1), (256, 1, 1), (out,)),
        (count, (3, 4, 1), (8, 2, 1), (out,)),
    ]
    with pytest.raises(TypeError):
        _core.choose_device("cpu", hook=5)


def test_threads_can_be_set():
    before = cp.get_num_threads()
    try:
        for threads in (1, 2, 5):
            cp.set_num_threads(threads)
            assert cp.get_num_threads() == threads
            out = np.zeros(1_000_000, np.int32)
            count(len(out))(out)
            assert out.all() and out.sum() == len(out)
        for wrong in (0, -1, 100_000):
            with pytest.raises(ValueError):
                cp.set_num_threads(wrong)
    finally:
        cp.set_num_threads(before)


def test_each_specialisation_is_listed_and_inspected():
    @cp.kernel
    def scale(X, k=2):
        if idx < len(X):
            X[idx] = X[idx] * k

    assert scale.signatures == ()
    scale(2)(np.ones(2, np.float32))
    scale(2)(np.ones(2, np.int64), k=3)
    scale(2)(np.ones(2, np.float32), 2.5)
    assert set(scale.signatures) == {
        "void (float32* X, int32 k)",
        "void (int64* X, int32 k)",
        "void (float32* X, float32 k)",
    }
    for signature in scale.signatures:
        element = signature.split("(")[1].split("*")[0]
        assert element in scale.inspect("typed", types=signature)
    with pytest.raises(cp.CompileError, match="flot"):
        scale.inspect("typed", types="void (flot* X, int k)")
    with pytest.raises(TypeError, match="has 2 parameters, and the signature has 1"):
        scale.inspect("typed", types="void (float* X)")
