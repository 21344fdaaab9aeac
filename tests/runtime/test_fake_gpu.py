"""What the host does around a GPU, on machines that have none: a library that runs no code stands in the place of the
driver (fake_cuda.c) and writes down what it is asked for."""

from __future__ import annotations

import os
import shutil

import pytest
from fake_gpu import kept


def test_blocks_of_a_launch_have_the_shape_that_code_was_made_for(run):
    program = """
k = cp.compile(reverse)
for block in (None, 64, 128, 64, (32, 4)):
    k(1000, block=block)(X)
cp.compile(twice)(1000)(X, Y)
"""
    _, log = run(program)
    launches = [line.partition("block ")[2].split(" shared")[0] for line in kept(log, "launch")]
    assert launches == ["256 1 1", "64 1 1", "128 1 1", "64 1 1", "32 4 1", "256 1 1"]
    assert len(kept(log, "assemble")) == 4 + 1, "once a shape, and once for any"


def test_nvjitlink_assembles_where_it_is_found(run, library):
    _, log = run("cp.compile(twice)(1000)(X, Y)", CUDAPY_NVJITLINK=str(library))
    assert kept(log, "options", "assemble", "load") == [
        "options -arch=sm_90 -verbose",
        "assemble nvjitlink",
        "load nvjitlink",
    ]
    _, log = run("cp.compile(twice)(1000)(X, Y)", CUDAPY_NVJITLINK=str(library))
    assert kept(log, "assemble", "load") == ["load nvjitlink"], "from the cache"
    _, log = run("cp.compile(twice)(1000)(X, Y)")
    assert kept(log, "assemble", "load") == ["assemble driver", "load driver"]


def test_nvjitlink_is_found_in_the_packages_of_the_interpreter(run, library, tmp_path):
    folder = tmp_path / "packages" / "nvidia" / "cu13" / "lib"
    folder.mkdir(parents=True)
    shutil.copy(library, folder / "libnvJitLink.so.13")
    path = os.pathsep.join([str(tmp_path / "packages"), os.environ.get("PYTHONPATH", "")])
    program = "cp.compile(twice)(1000)(X, Y)"
    _, log = run(program, CUDAPY_NVJITLINK="", PYTHONPATH=path)
    assert kept(log, "assemble") == ["assemble nvjitlink"]
    _, log = run(program, CUDAPY_NVJITLINK="", PYTHONPATH=path, FAKE_CUDA_VERSION="12040")
    assert "assemble nvjitlink" not in log, "a driver of CUDA 12 need not take code of CUDA 13"


@pytest.mark.parametrize("refused", ["ptx", "nvjitlink"])
def test_the_driver_does_what_nvjitlink_cannot(run, library, refused):
    program = "for _ in range(2): cp.compile(twice)(1000)(X, Y)"
    _, log = run(program, CUDAPY_NVJITLINK=str(library), FAKE_CUDA_REFUSES=refused)
    assert "load driver" in log
    assert len(kept(log, "launch")) == 2


def test_a_library_that_is_none_is_no_reason_to_fail(run, tmp_path):
    broken = tmp_path / "libnvJitLink.so.13"
    broken.write_text("no library")
    _, log = run("cp.compile(twice)(1000)(X, Y)", CUDAPY_NVJITLINK=str(broken))
    assert kept(log, "assemble", "load") == ["assemble driver", "load driver"]


def test_prints_that_nobody_waited_for_come_out_at_the_end(run):
    printed, log = run("cp.compile(tell)(10)(5)")
    assert printed == "here\n"
    assert kept(log, "launch", "synchronize")[-1] == "synchronize"
    printed, _ = run("for _ in range(3): cp.compile(tell)(10)(5)\nraise SystemExit(0)")
    assert printed == "here\n" * 3
    printed, _ = run("cp.compile(tell)(10)(5)\ncp.synchronize()\nprint('done')")
    assert printed == "here\ndone\n"


def test_programs_that_print_nothing_do_not_wait_at_the_end(run):
    _, log = run("cp.compile(twice)(1000)(X, Y)")
    assert kept(log, "launch", "synchronize") == [
        "launch cudapy_twice_gang grid 1 1 1 block 256 1 1 shared 0 stream 0"
    ]


def test_a_child_process_says_nothing_at_its_end(run):
    program = """
import os, sys
cp.compile(tell)(10)(5)
if os.fork() == 0:
    sys.exit(0)
os.wait()
"""
    printed, _ = run(program)
    assert printed == "here\n"


def test_an_array_is_fetched_into_memory_that_is_there(run):
    program = """
out = np.full(1000, -1, np.float32)
assert X.toHost(out) is out and np.array_equal(out, np.arange(1000))
out[:] = -1
X.toHost(out=out[::-1])
assert np.array_equal(out, np.arange(1000)[::-1])
wide = np.full(2000, -1, np.float32)
X[::2].toHost(out=wide[:1000:2])
assert np.array_equal(wide[:1000:2], np.arange(0, 1000, 2)) and (wide[1::2] == -1).all()
"""
    _, log = run(program)
    assert kept(log, "out") == ["out 4000", "out 4000", "out 3996"]


def test_parts_of_an_array_are_filled_from_memory_without_a_copy_on_the_host(run):
    program = """
def holds(expected): assert np.array_equal(X.toHost(), expected), X.toHost()
numbers = np.arange(1000, dtype=np.float32)
X[:] = numbers + 1
holds(numbers + 1)
X[10:20] = numbers[:10]
Y[:] = X
X[:] = 0
holds(np.zeros(1000))
X[:] = Y
expected = numbers + 1
expected[10:20] = numbers[:10]
holds(expected)
X[1:] = X[:-1]
expected[1:] = expected[:-1].copy()
holds(expected)
X[::2] = numbers[:500]
expected[::2] = numbers[:500]
holds(expected)
X[:] = numbers.astype(np.int32)
holds(numbers)
host = Y.to("cpu")
host[:] = X
assert np.array_equal(host.toHost(), numbers)
X[5:10] = 2.5
numbers[5:10] = 2.5
holds(numbers)
"""
    _, log = run(program)
    wanted = kept(log, "in", "within")
    at = wanted.index("in 40")
    assert wanted[at - 1 : at + 3] == ["in 4000", "in 40", "within 4000", "within 4000"]


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (
            "np.zeros(999, np.float32)",
            "ValueError: toHost(out=): the array has shape (999,), and this one (1000,)",
        ),
        (
            "np.zeros(1000)",
            "CudaTypeError: toHost(out=): the array has elements of float64, and this one of float32",
        ),
        ("[0.0] * 1000", "is no array"),
        ("bytes(4000)", "CudaTypeError: toHost(out=): the array cannot be written"),
    ],
)
def test_what_an_array_cannot_be_fetched_into(run, out, error):
    program = f"""
import traceback
try:
    X.toHost(out={out})
except Exception as error:
    print(traceback.format_exception_only(error)[-1])
"""
    printed, _ = run(program)
    assert error in printed


def test_arrays_of_structs(run):
    program = """
body = np.dtype([("x", "f4"), ("mass", "f8")], align=True)
source = np.zeros(6, body)
source["mass"] = np.arange(6)
P = cp.CudaArray(source)
assert (P.device, P.dtype) == ("cuda:0", body)
assert np.array_equal(P.toHost(), source) and P[-1] == source[-1] and P.toList() == source.tolist()
assert P["mass"].toList() == list(range(6)) and np.array_equal(P[::-2].toHost(), source[::-2])
P[1] = (2, 3)
P["mass"][4:] = 9
P[0] = P[5]
source[1], source["mass"][4:] = (2, 3), 9
source[0] = source[5]
assert np.array_equal(P.to("cpu").toHost(), source)
out = np.empty(6, body)
assert np.array_equal(P.toHost(out=out), source)
P[:] = source[::-1].copy()
assert np.array_equal(P.toHost(), source[::-1])
assert not cp.CudaArray.allocate((2, 3), body).toHost()["mass"].any()

# lighter : void (body* P)
def lighter(P):
    if idx < len(P):
        P[idx].mass *= 0.5

for _ in range(2):
    cp.compile(lighter)(6)(P)
    cp.compile(twice)(6)(P["x"], P["x"])
"""
    _, log = run(program)
    assert len(kept(log, "launch")) == 4


RECURSION = """
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)

# measure : void (float* X)
def measure(X):
    if idx < len(X):
        X[idx] = depth(int(X[idx]))

# count : void (float* X)
def count(X):
    if idx < len(X):
        X[idx] += depth(5) + depth(6)
"""


def test_functions_that_call_themselves_get_a_stack(run):
    program = """
measure, count = cp.compile(measure), cp.compile(count)
cp.compile(twice)(1000)(X, Y)
for kernel in (measure, measure, count, measure):
    kernel(1000)(X)
"""
    _, log = run(RECURSION + program)
    asked = kept(log, "stack", "launch", "room")
    launches = [line for line in asked if line.startswith("launch")]
    assert len(launches) == 5
    assert asked[0] == launches[0], "other kernels ask for nothing"
    # This driver's code says nothing of its frames, so they are taken for 256 bytes; it has 32 for the kernel.
    assert asked[1] == f"stack {32 + 258 * 256 + 2048}"
    room = f"room {32 + 258 * 256 + 2048 - (32 + 256 + 1024)}"
    assert asked[2:] == [line for launch in launches[1:] for line in (launch, room)], (
        "once is enough for all"
    )


def test_a_stack_that_the_driver_does_not_give_is_used_as_far_as_it_goes(run):
    _, log = run(RECURSION + "cp.compile(measure)(1000)(X)", FAKE_CUDA_STACK="20000")
    asked = kept(log, "stack", "room")
    assert asked == [
        "stack 68128 refused",
        "stack 34064 refused",
        "stack 17032",
        f"room {17032 - (32 + 256 + 1024)}",
    ]
    _, log = run(RECURSION + "cp.compile(measure)(1000)(X)", FAKE_CUDA_STACK="0")
    assert kept(log, "room") == ["room 0"], "1,024 bytes have room for none"


def test_a_stack_that_others_have_lowered_is_raised_again(run, library):
    program = f"""
import ctypes
driver = ctypes.CDLL({str(library)!r})
measure = cp.compile(measure)
measure(1000)(X)
driver.cuCtxSetLimit(0, ctypes.c_size_t(2048))
measure(1000)(X)
driver.cuCtxSetLimit(0, ctypes.c_size_t(200000))
measure(1000)(X)
"""
    _, log = run(RECURSION + program)
    wanted = [line.split()[0:2] for line in kept(log, "stack", "launch")]
    sizes = [size if kind == "stack" else "launch" for kind, size in wanted]
    assert sizes == ["68128", "launch", "2048", "68128", "launch", "200000", "launch"]


def stacks(log: list[str]) -> list[str]:
    """Limits that were set, launches, replays and waits, in their order."""
    found = []
    for line in kept(log, "stack", "launch", "replay", "synchronize"):
        kind, *rest = line.split()
        found.append(rest[0] if kind == "stack" else kind)
    return found


def test_a_stack_that_is_used_no_more_is_given_back(run):
    program = """
measure, plain = cp.compile(measure), cp.compile(twice)
measure(1000)(X)
for _ in range(3):
    measure(1000)(X)
    cp.synchronize()
plain(1000)(X, Y)
cp.synchronize()
cp.synchronize()
for _ in range(2):
    measure(1000)(X)
    cp.synchronize()
    plain(1000)(X, Y)
    cp.synchronize()
for _ in range(2): cp.synchronize()
"""
    _, log = run(RECURSION + program)
    assert stacks(log) == [
        *["68128", "launch"],
        *["launch", "synchronize"] * 3,
        *["launch", "synchronize", "1024", "synchronize"],
        *["68128", *["launch", "synchronize"] * 4, "synchronize", "synchronize", "1024"],
    ], "it stays for longer once it was given back too early"


def test_a_stack_that_others_have_chosen_since_is_theirs(run, library):
    program = f"""
import ctypes
driver = ctypes.CDLL({str(library)!r})
measure = cp.compile(measure)
measure(1000)(X)
driver.cuCtxSetLimit(0, ctypes.c_size_t(200000))
cp.synchronize()
cp.synchronize()
driver.cuCtxSetLimit(0, ctypes.c_size_t(4096))
measure(1000)(X)
cp.synchronize()
cp.synchronize()
"""
    _, log = run(RECURSION + program)
    assert stacks(log) == [
        *["68128", "launch", "200000", "synchronize", "synchronize"],
        *["4096", "68128", "launch", "synchronize", "synchronize", "4096"],
    ]


def test_a_replay_has_the_stack_of_its_kernels(run):
    program = """
measure, plain = cp.compile(measure), cp.compile(twice)
with cp.Graph() as graph:
    measure(1000)(X)
with cp.Graph() as other:
    plain(1000)(X, Y)
for _ in range(2): cp.synchronize()
other.launch()
graph.launch()
for _ in range(4): cp.synchronize()
"""
    _, log = run(RECURSION + program)
    assert stacks(log) == [
        *["68128", "synchronize", "synchronize", "1024"],
        *["replay", "68128", "replay", *["synchronize"] * 4, "1024"],
    ]


def test_a_launch_that_others_record_keeps_its_stack(run, library):
    program = f"""
import ctypes
driver = ctypes.CDLL({str(library)!r})
measure, stream = cp.compile(measure), cp.Stream()
driver.cuStreamBeginCapture(ctypes.c_void_p(stream.handle), 0)
measure(1000, stream=stream.handle)(X)
driver.cuStreamEndCapture(ctypes.c_void_p(stream.handle), ctypes.byref(ctypes.c_void_p()))
for _ in range(3): cp.synchronize()
"""
    _, log = run(RECURSION + program)
    assert stacks(log) == ["68128", *["synchronize"] * 3]


def test_stacks_make_room_for_arrays(run):
    program = """
cp.compile(measure)(1000)(X)
big = cp.CudaArray.allocate(2_000_000, cp.float32)
print(len(big))
try:
    cp.CudaArray.allocate(200_000_000, cp.float32)
except cp.CudaError as error:
    print("no room" in str(error))
"""
    printed, log = run(RECURSION + program, FAKE_CUDA_MEMORY="10000000")
    assert printed == "2000000\nTrue\n"
    assert stacks(log) == ["68128", "launch", "1024"]


def test_a_kernel_has_code_for_few_shapes_of_blocks(run):
    program = """
k = cp.compile(reverse)
for times in range(2):
    for block in range(32, 1025, 32):
        k(1000, block=block)(X)
k(1000, block=64)(X)
"""
    _, log = run(program)
    assert len(kept(log, "load")) == 8 + 1, "the first eight shapes, and the others together"
    launches = [line.partition("block ")[2].split()[0] for line in kept(log, "launch")]
    assert launches == [str(block) for block in range(32, 1025, 32)] * 2 + ["64"]
    # A shape that has code of its own runs that, behind launches of the other as well.
    own = [f"made for {block}, 1, 1" for block in range(32, 257, 32)]
    assert kept(log, "made") == [*own, *own, "made for 64, 1, 1"]


def test_each_argument_type_has_code_for_shapes(run):
    program = """
@cp.kernel
def turned(X):
    held = shared(1024, float)
    held[threadIdx.x] = X[idx]
    syncthreads()
    X[idx] = held[blockDim.x - 1 - threadIdx.x]

Z = cp.CudaArray(np.arange(1000, dtype=np.float64))
for block in range(32, 32 * 13, 32):
    turned(1000, block=block)(X)
    turned(1000, block=block)(Z)
"""
    _, log = run(program)
    assert len(kept(log, "load")) == 2 * (8 + 1)


def test_arrays_that_overlap_what_is_written_have_code_of_their_own(run):
    program = """
k = cp.compile(twice)
k(1000)(X, Y)
k(1000)(X[:500], X[500:])
k(500)(X[::-1][:500], X[:500])
k(250)(X[:250], X[::2][250:])
"""
    _, log = run(program)
    assert len(kept(log, "assemble")) == 1 + 2, "of neighbours and not; none of them overlap"
    for overlapping in (
        "k(1000)(X, X)",
        "k(500)(X[:501], X[500:])",
        "k(500)(X[::-1][:501], X[:500])",
        "k(500)(X[::2], X[1::2])",
        "k(1)(X[999:], X)",
    ):
        _, log = run(f"k = cp.compile(twice)\n{overlapping}\n{overlapping}\nk(1000)(X, Y)")
        assert len(kept(log, "launch")) == 3
        assert len(kept(log, "load")) >= 2, overlapping
        _, log = run(f"k = cp.compile(twice)\n{overlapping.replace('X', 'Y', 1)}")
        assert len(kept(log, "load")) == 1, "they are two arrays"


def test_a_stream_by_its_handle_may_be_the_first_that_is_made(run):
    program = """
import ctypes, os
theirs = ctypes.c_void_p()
ctypes.CDLL(os.environ["CUDAPY_CUDA_DRIVER"]).cuStreamCreate(ctypes.byref(theirs), 0)
cp.compile(twice)(1000, stream=theirs.value)(X, Y)
"""
    _, log = run(program)
    assert len(kept(log, "launch")) == 1
