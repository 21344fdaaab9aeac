"""The compiled core of cudapy."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, Literal, Protocol, SupportsIndex, overload

from cudapy._impl.assemble import GpuCode
from cudapy._impl.errors import PerformanceWarning
from cudapy._impl.types import ElemType, dim3

__version__: str

class CudaArray:
    """A typed array of 1 to 8 dimensions that kernels read and write in place, in the memory of a device.

    Its memory is aligned to 64 bytes and, on the CPU, shared with NumPy without a copy: `np.asarray(a)`. Slices,
    rows and
    the transposed array share it, too: they are CudaArrays of their own, which kernels use in place. It is freed when
    nothing refers to it.

    Args:
        source: a list (or tuple, range, iterable) of numbers, or of lists of one length; or a NumPy array, or
            whatever has
            the buffer protocol, DLPack, `__array_interface__` or `__cuda_array_interface__`; or a list of structs.
            It is
            copied, to the device that is set.
        dtype: the element type. By default that of an array; of a list of numbers Int (int32, or int64 where one
            does not
            fit), Float (float32) or Bool. A dataclass, a NamedTuple or a NumPy dtype with fields makes an array of
            structs,
            whose items are NumPy's, and whose fields are arrays in the same memory: `A["x"]`.

    Raises:
        CudaTypeError: an item is no number or does not fit the type, or lists differ in length.
        CudaError: the GPU has no memory left.

    In CUDA C++: `cudaMalloc`, `cudaMemcpy` and `cudaFree`, in the order of streams.

    Example:
        >>> import cudapy as cp
        >>> Y = cp.CudaArray([1.0, 2.0, 3.0])
        >>> len(Y), Y.elemType(), Y[-1]
        (3, cudapy.float32, 3.0)
        >>> Y.toList()
        [1.0, 2.0, 3.0]
        >>> A = cp.CudaArray([[1, 2, 3], [4, 5, 6]])
        >>> A.shape, A[1, 2], A[:, 1].toList()
        ((2, 3), 6, [2, 5])
    """
    def __init__(self, source: object, dtype: object = None) -> None: ...
    @staticmethod
    def allocate(length: SupportsIndex | Sequence[SupportsIndex], type: object) -> CudaArray:
        """A new array, all zero.

        Args:
            length: how many elements; or a tuple, the length of each dimension.
            type: the element type.

        Raises:
            TypeError: it is no element type.
            ValueError: a length is negative, or there are none or more than 8.
            CudaError: the GPU has no memory left.

        In CUDA C++: `cudaMalloc` and `cudaMemset`.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray.allocate((2, 3), cp.Float).toList()
            [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
        """
    def toList(self) -> list[Any]:
        """The elements as a list of Python numbers, or of lists of them. Waits for the GPU.

        Raises:
            IndexError, …: the fault of a launch on the GPU that nobody has seen yet.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([[1, 2], [3, 4]]).toList()
            [[1, 2], [3, 4]]
        """
    def toHost(self, out: object = None) -> Any:
        """The elements as a new NumPy array; or in `out`, which is returned. Waits for the GPU.

        Args:
            out: an array of the same shape and element type, to be filled.

        Raises:
            CudaTypeError: `out` has another shape or element type, or is read-only.
            IndexError, …: the fault of a launch on the GPU that nobody has seen yet.

        In CUDA C++: `cudaMemcpy` to the host.

        Example:
            >>> import cudapy as cp
            >>> import numpy as np
            >>> A = cp.CudaArray([1.0, 2.0])
            >>> A.toHost() * 2
            array([2., 4.], dtype=float32)
            >>> held = np.empty(2, np.float32)
            >>> A.toHost(out=held) is held
            True
        """
    def _bits(self) -> CudaArray: ...
    def length(self) -> int:
        """The number of elements, of all dimensions together; `len(A)` is that of the first dimension.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([[1, 2, 3], [4, 5, 6]]).length()
            6
        """
    def elemType(self) -> ElemType:
        """The element type; of structs NumPy's dtype. `A.dtype` is NumPy's in any case.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([1, 2]).elemType()
            cudapy.int32
        """
    def pointer(self) -> int:
        """The address of the first element, on the array's device, for other libraries.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([1, 2]).pointer() % 64
            0
        """
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __getitem__(self, index: object) -> Any: ...
    def __setitem__(self, index: object, value: object) -> None: ...
    def __array__(self, dtype: object = None, copy: bool | None = None) -> Any: ...
    def __dlpack__(
        self,
        *,
        stream: int | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> object: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each dimension, as a tuple.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([[1, 2, 3], [4, 5, 6]]).shape
            (2, 3)
        """
    @property
    def strides(self) -> tuple[int, ...]:
        """Bytes from an element to the next along each dimension, as a tuple, as in NumPy.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([[1, 2, 3], [4, 5, 6]]).strides
            (12, 4)
        """
    @property
    def T(self) -> CudaArray:
        """The array with its dimensions in reverse, in the same memory.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([[1, 2, 3], [4, 5, 6]]).T.toList()
            [[1, 4], [2, 5], [3, 6]]
        """
    @property
    def dtype(self) -> Any:
        """The element type as a NumPy dtype.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([1.5]).dtype
            dtype('float32')
        """
    @property
    def ndim(self) -> int:
        """The number of dimensions, 1 to 8.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([[1, 2], [3, 4]]).ndim
            2
        """
    @property
    def size(self) -> int:
        """The number of elements, of all dimensions together.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([[1, 2], [3, 4]]).size
            4
        """
    @property
    def nbytes(self) -> int:
        """The bytes of all elements together.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([[1, 2], [3, 4]]).nbytes
            16
        """
    @property
    def itemsize(self) -> int:
        """The bytes of an element.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([1.5], cp.float64).itemsize
            8
        """
    @property
    def device(self) -> str:
        """The name of the device that holds the array: "cpu", or "cuda:0" and so on.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([1.5]).device
            'cpu'
        """
    @property
    def __cuda_array_interface__(self) -> dict[str, Any]: ...
    def to(self, device: str) -> CudaArray:
        """The array on another device, copied there; itself if it is there already.

        Args:
            device: "cpu", or "cuda:0" and so on.

        Raises:
            ValueError: there is no such device.
            CudaError: there is no such GPU, or it has no memory left.

        In CUDA C++: `cudaMemcpy`, `cudaMemcpyPeer`.

        Example:
            >>> import cudapy as cp
            >>> A = cp.CudaArray([1, 2])
            >>> A.to("cpu") is A
            True
        """
    def copy(self) -> CudaArray:
        """A new array on the same device with the same elements, row by row.

        Raises:
            CudaError: the GPU has no memory left.

        Example:
            >>> import cudapy as cp
            >>> A = cp.CudaArray([1, 2])
            >>> B = A.copy()
            >>> B[0] = 10
            >>> A.toList(), B.toList()
            ([1, 2], [10, 2])
        """
    def reshape(self, *shape: SupportsIndex | Sequence[SupportsIndex]) -> CudaArray:
        """The elements in another shape: in the same memory where they are neighbours in it, else in a copy.

        Args:
            shape: the lengths, or one tuple of them. One may be -1: what is left.

        Raises:
            ValueError: it has another number of elements.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([1, 2, 3, 4, 5, 6]).reshape(2, -1).toList()
            [[1, 2, 3], [4, 5, 6]]
        """
    def fill(self, value: object) -> None:
        """Sets all elements to a number.

        Args:
            value: the number.

        Raises:
            CudaTypeError: it is no number, or does not fit the element type.

        In CUDA C++: `cudaMemset`, of any type.

        Example:
            >>> import cudapy as cp
            >>> A = cp.CudaArray.allocate(3, cp.int32)
            >>> A.fill(7)
            >>> A.toList()
            [7, 7, 7]
        """
    def astype(self, dtype: object) -> CudaArray:
        """A new array on the same device with the elements as another type, converted as NumPy converts them.

        Args:
            dtype: one of cudapy's types, or what names one.

        Raises:
            TypeError: it names none.

        Example:
            >>> import cudapy as cp
            >>> cp.CudaArray([1.75, -1.75]).astype(cp.int32).toList()
            [1, -1]
        """
    def __copy__(self) -> CudaArray: ...
    def __deepcopy__(self, memo: object) -> CudaArray: ...

class HasCudaStream(Protocol):
    def __cuda_stream__(self) -> tuple[int, int]: ...

class Stream:
    """A queue of a device's work: what is in it is done in order, beside what is in others.

    Copies, and launches without a stream, go to the default stream, which takes turns with all of these. `with
    stream:`
    sends the launches of the block there, `k(n, stream=stream)` a single one, and `await stream` waits for it in a
    coroutine. On the CPU a launch is done when it returns, so that a stream there is always done.

    Args:
        handle: of a GPU's stream that another library made: an int, or an object with `__cuda_stream__`; it stays
            theirs. By
            default a new one, of the device that is set.

    In CUDA C++: `cudaStreamCreate`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def double_up(X):
        ...     if idx < len(X):
        ...         X[idx] *= 2
        >>> X = cp.CudaArray([1.0, 2.0])
        >>> with cp.Stream() as stream:
        ...     double_up(2)(X)
        >>> stream.synchronize()
        >>> X.toList()
        [2.0, 4.0]
    """
    def __init__(self, handle: HasCudaStream | int | None = None) -> None: ...
    @property
    def handle(self) -> int:
        """The CUstream as an int, for other libraries.

        Example:
            >>> import cudapy as cp
            >>> cp.set_device("cuda")
            >>> cp.Stream().handle != 0
            True
        """
    @property
    def device(self) -> str:
        """The device that it belongs to: "cuda:0", "cpu".

        Example:
            >>> import cudapy as cp
            >>> cp.Stream().device
            'cpu'
        """
    def synchronize(self) -> None:
        """Waits for what is in it.

        Raises:
            IndexError, …: the first fault of the launches so far, if any.

        In CUDA C++: `cudaStreamSynchronize`.

        Example:
            >>> import cudapy as cp
            >>> cp.Stream().synchronize()
        """
    def is_done(self) -> bool:
        """Whether all that is in it is done; does not wait.

        In CUDA C++: `cudaStreamQuery`.

        Example:
            >>> import cudapy as cp
            >>> cp.Stream().is_done()
            True
        """
    def wait(self, event: Event) -> None:
        """Lets what is launched here from now on start after an event. Returns at once.

        Args:
            event: a cp.Event, of any stream.

        In CUDA C++: `cudaStreamWaitEvent`.

        Example:
            >>> import cudapy as cp
            >>> first, second, done = cp.Stream(), cp.Stream(), cp.Event()
            >>> done.record(first)
            >>> second.wait(done)
        """
    def __await__(self) -> Generator[Any]: ...
    def __cuda_stream__(self) -> tuple[int, int]: ...
    def __enter__(self) -> Stream: ...
    def __exit__(self, *error: object) -> None: ...

class Event:
    """A mark in a stream: it is done when all that was launched before it is. `await event` waits in a coroutine.

    In CUDA C++: `cudaEventCreate`.

    Example:
        >>> import cudapy as cp
        >>> begin, end = cp.Event(), cp.Event()
        >>> begin.record()
        >>> end.record()
        >>> begin.elapsed(end) >= 0
        True
    """
    def __init__(self) -> None: ...
    def record(self, stream: Stream | HasCudaStream | int | None = None) -> None:
        """Sets the mark behind all that is in the stream so far.

        Args:
            stream: a cp.Stream, an object with `__cuda_stream__`, or a handle as an int; by default that of the
                `with` block
                around it, or the default stream.

        In CUDA C++: `cudaEventRecord`.

        Example:
            >>> import cudapy as cp
            >>> mark = cp.Event()
            >>> mark.record(cp.Stream())
        """
    def synchronize(self) -> None:
        """Waits for it.

        Raises:
            IndexError, …: the first fault of the launches so far, if any.

        In CUDA C++: `cudaEventSynchronize`.

        Example:
            >>> import cudapy as cp
            >>> mark = cp.Event()
            >>> mark.record()
            >>> mark.synchronize()
        """
    def is_done(self) -> bool:
        """Whether all before it is done; does not wait.

        In CUDA C++: `cudaEventQuery`.

        Example:
            >>> import cudapy as cp
            >>> cp.Event().is_done()
            True
        """
    def elapsed(self, end: Event) -> float:
        """Waits for both, and gives the milliseconds from this event to `end`.

        Args:
            end: an event that was recorded later, in any stream of the same device.

        In CUDA C++: `cudaEventElapsedTime`.

        Example:
            >>> import cudapy as cp
            >>> begin, end = cp.Event(), cp.Event()
            >>> begin.record()
            >>> end.record()
            >>> begin.elapsed(end) >= 0
            True
        """
    @property
    def device(self) -> str:
        """The device that it belongs to: "cuda:0", "cpu".

        Example:
            >>> import cudapy as cp
            >>> cp.Event().device
            'cpu'
        """
    def __await__(self) -> Generator[Any]: ...

class Graph:
    """Launches that are recorded within a `with` block, and replayed by one call.

    Nothing runs while it is recorded, and nothing is read. A replay works on what is in the arrays then; numbers are
    those of the recording. A graph belongs to the device that launches went to when it was made, and takes the launches
    on that one; on the CPU a replay runs them one after the other. An exception that leaves the block ends the
    recording, and nothing of it is kept.

    Raises:
        ValueError: on entering the block, that another graph is being recorded, or that launches go to another device.
        CudaError: on leaving it, that a stream of the recording has launches that the graph does not wait for.

    In CUDA C++: `cudaStreamBeginCapture`, `cudaGraphInstantiate`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def add_one(X):
        ...     if idx < len(X):
        ...         X[idx] += 1
        >>> X = cp.CudaArray([0.0, 0.0])
        >>> with cp.Graph() as graph:
        ...     add_one(2)(X)
        ...     add_one(2)(X)
        >>> for _ in range(10):
        ...     graph.launch()
        >>> X.toList()
        [20.0, 20.0]
    """
    def __init__(self) -> None: ...
    @property
    def device(self) -> str:
        """The device that it belongs to: "cuda:0", "cpu".

        Example:
            >>> import cudapy as cp
            >>> cp.Graph().device
            'cpu'
        """
    def __enter__(self) -> Graph: ...
    def __exit__(self, *error: object) -> None: ...
    def __len__(self) -> int: ...
    def wait(self, event: Event) -> None:
        """While it is recorded: lets what is launched from now on come after an event of another stream of the
        recording.

        Args:
            event: a cp.Event that was recorded in that stream, within the block.

        Raises:
            ValueError: the graph is not being recorded.

        In CUDA C++: `cudaStreamWaitEvent` in a capture.

        Example:
            >>> import cudapy as cp
            >>> begun, done, other = cp.Event(), cp.Event(), cp.Stream()
            >>> with cp.Graph() as graph:
            ...     begun.record()
            ...     other.wait(begun)
            ...     done.record(other)
            ...     graph.wait(done)
        """
    def launch(self, stream: Stream | HasCudaStream | int | None = None) -> None:
        """Replays what was recorded. Does not wait; on the CPU it is done when this returns.

        Args:
            stream: where: a cp.Stream, an object with `__cuda_stream__`, or a handle as an int; by default that of
                the `with` block around it, or the default stream. On the CPU a stream of the CPU, which changes
                nothing.

        Raises:
            ValueError: nothing was recorded, or a graph is being recorded.
            IndexError, ZeroDivisionError, AssertionError, …: on the CPU, the fault of a launch; those behind it have
                not run.

        In CUDA C++: `cudaGraphLaunch`.

        Example:
            >>> import cudapy as cp
            >>> X = cp.CudaArray([1.0])
            >>> @cp.kernel
            ... def double_up(X):
            ...     X[idx] *= 2
            >>> with cp.Graph() as graph:
            ...     double_up(1)(X)
            >>> graph.launch()
            >>> X.toList()
            [2.0]
        """

class Notifier:
    @property
    def descriptor(self) -> int: ...

class Launcher:
    """A kernel with the number of threads wanted: `launcher = kernel(n)`, then `launcher(X, Y)` as often as one likes.

    Arguments find their parameters as in Python: by position, by keyword, by default. Arrays that the device can
    reach are
    used in place, lists are copied in, and copied back if the kernel writes them.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def scale(X, factor=2):
        ...     X[idx] *= factor
        >>> X = [1, 2]
        >>> launch = scale(2)
        >>> launch(X)
        >>> launch(X, factor=10)
        >>> X
        [20, 40]
    """
    @property
    def kernel(self) -> Kernel:
        """The kernel that is launched.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def scale(X):
            ...     X[idx] *= 2
            >>> scale(2).kernel is scale
            True
        """
    def __call__(self, *arguments: object, **named: object) -> None: ...

class Kernel:
    """A kernel: `kernel(nx, ny=1, nz=1, *, block=None, stream=None)` gives a launcher over that many threads.

    The launcher takes the kernel's arguments, and may be kept and called again. `cp.compile` and `cp.kernel` make
    kernels.

    Args:
        nx: threads along x; or a tuple of up to three, or a cp.dim3.
        ny: along y.
        nz: along z.
        block: how many threads a block has: an int, a tuple, or a cp.dim3; at most 1024 together. By default it is
            chosen.
        stream: of a GPU: a cp.Stream, an object with `__cuda_stream__`, or a handle as an int.

    Raises:
        CompileError, CudaTypeError: by the launcher, before anything runs.
        IndexError, ZeroDivisionError, AssertionError, …: by the launcher, or on a GPU where Python next waits.

    In CUDA C++: `kernel<<<grid, block, 0, stream>>>(…)`.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def double_up(X):
        ...     if idx < len(X):
        ...         X[idx] *= 2
        >>> X = [1, 2, 3]
        >>> launch = double_up(len(X), block=128)
        >>> launch(X)
        >>> launch(X)
        >>> X
        [4, 8, 12]
    """

    __name__: str
    __qualname__: str
    __wrapped__: Callable[..., object]
    functions: tuple[Callable[..., object], ...]
    sigs: tuple[str | None, ...]
    options: dict[str, object]
    def __init__(
        self,
        functions: tuple[Callable[..., object], ...],
        sigs: tuple[str | None, ...],
        options: dict[str, object],
    ) -> None: ...
    def __call__(
        self,
        nx: SupportsIndex | Sequence[SupportsIndex] | dim3 = ...,
        ny: SupportsIndex = 1,
        nz: SupportsIndex = 1,
        *,
        block: SupportsIndex | Sequence[SupportsIndex] | dim3 | None = None,
        stream: Stream | HasCudaStream | int | None = None,
    ) -> Launcher: ...
    def compile_for(
        self,
        architecture: str,
        types: str | Iterable[object] | None = None,
        block: SupportsIndex | Sequence[SupportsIndex] | dim3 | None = None,
        *,
        overlap: bool = False,
    ) -> GpuCode:
        """Compiles for a GPU that need not be there. It needs nvJitLink or ptxas.

        Args:
            architecture: such as "sm_90".
            types: as in `inspect`.
            block: as in `inspect`.

        Returns:
            An object with `ptx`, `cubin`, and of a thread `registers` and `spilled_bytes`.

        Raises:
            CudaError: nothing on this machine assembles PTX.
            CompileError: the kernel cannot be compiled for these types.

        In CUDA C++: `nvcc -arch=sm_90 -cubin -Xptxas -v`.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def double_up(X: cp.Array[cp.float32]):
            ...     if idx < len(X):
            ...         X[idx] *= 2
            >>> try:
            ...     print(double_up.compile_for("sm_90").spilled_bytes)
            ... except cp.CudaError:  # neither nvJitLink nor ptxas is there
            ...     print(0)
            0
        """
    @overload
    def inspect(  # type: ignore[overload-overlap]
        self,
        stage: Literal["cubin"],
        types: str | Iterable[object] | None = None,
        architecture: str | None = None,
        block: SupportsIndex | Sequence[SupportsIndex] | dim3 | None = None,
        *,
        overlap: bool = False,
    ) -> bytes:
        """What a stage of the compiler made of the kernel, as text.

        Args:
            stage: "tree" as it was read, "typed" after type inference, "lowered" as code generation sees it, "llvm"
                and "asm"
                after optimisation, "ptx" and "cubin" (bytes) for NVIDIA GPUs.
            types: one type a parameter, or one of `signatures`; by default those of the signature, else of the last
                launch.
            architecture: the GPU, which need not be there: "sm_75" by default; with it "llvm" is that of the GPU.
            block: for which shape of blocks, if the threads of a block work together.

        Raises:
            ValueError: there is no such stage or architecture.
            CompileError: the kernel cannot be compiled for these types.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def double_up(X: cp.Array[cp.float32]):
            ...     if idx < len(X):
            ...         X[idx] *= 2
            >>> ".entry" in double_up.inspect("ptx", architecture="sm_90")
            True
        """
    @overload
    def inspect(
        self,
        stage: str,
        types: str | Iterable[object] | None = None,
        architecture: str | None = None,
        block: SupportsIndex | Sequence[SupportsIndex] | dim3 | None = None,
        *,
        overlap: bool = False,
    ) -> str: ...
    def notes(self, types: str | Iterable[object] | None = None) -> list[PerformanceWarning]:
        """What makes the kernel slower on the CPU than it could be.

        Args:
            types: one type a parameter, or one of `signatures`; by default those of the signature, else of the last
                launch.

        Returns:
            A list of cp.PerformanceWarning, in the order of the source.

        Raises:
            CompileError: the kernel cannot be compiled for these types.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def columns(A: cp.Array[cp.float32, 2], sums: cp.Array[cp.float32]):
            ...     if idx < A.shape[0]:
            ...         total = 0.0
            ...         for k in range(A.shape[1]):
            ...             total += A[idx, k]
            ...         sums[idx] = total
            >>> [note.code for note in columns.notes()]
            ['gather']
        """
    @property
    def signatures(self) -> tuple[str, ...]:
        """The types that the kernel takes, as signatures: the declared ones, else those that it was launched with.

        Example:
            >>> import cudapy as cp
            >>> @cp.kernel
            ... def double_up(X):
            ...     X[idx] *= 2
            >>> double_up(1)([1.5])
            >>> len(double_up.signatures)
            1
        """

def set_num_threads(count: int) -> None:
    """Spreads the following launches on the CPU over so many threads, the launching one included.

    Args:
        count: 1 to 1024.

    Raises:
        ValueError: it is less or more.

    Example:
        >>> import cudapy as cp
        >>> before = cp.get_num_threads()
        >>> cp.set_num_threads(1)
        >>> cp.get_num_threads()
        1
        >>> cp.set_num_threads(before)
    """

def get_num_threads() -> int:
    """The number of threads that launches on the CPU are spread over.

    By default CUDAPY_NUM_THREADS of the environment, else as many CPUs as the process may use.

    Example:
        >>> import cudapy as cp
        >>> cp.get_num_threads() >= 1
        True
    """

def cache_info() -> dict[str, Any]:
    """The kernel cache: its folder, what it holds, and what this process did with it.

    Returns:
        A dict: `directory`, `enabled`, `problem` (why it cannot be used, or ""), `entries` and `bytes` on disk, and
        of this
        process `hits`, `misses`, `writes` and `errors`.

    Example:
        >>> import cudapy as cp
        >>> sorted(cp.cache_info())[:4]
        ['bytes', 'directory', 'enabled', 'entries']
    """

def cache_clear() -> None:
    """Removes every entry of the kernel cache, of all processes. Kernels that are loaded stay.

    Example:
        >>> import cudapy as cp
        >>> cp.cache_clear()
        >>> cp.cache_info()["entries"]
        0
    """

def choose_device(
    name: str,
    gpu: int = -1,
    hook: Callable[..., object] | None = None,
    automatic: bool = False,
) -> None: ...
def enter_device(
    owner: object,
    name: str,
    gpu: int = -1,
    hook: Callable[..., object] | None = None,
    automatic: bool = False,
) -> None: ...
def leave_block(owner: object) -> None: ...
def current_device() -> str: ...
def gpu_names() -> list[str]: ...
def open_gpu(ordinal: int) -> None: ...
def nvjitlink() -> str | None: ...
def assemble_with(path: str, ptx: str, architecture: str) -> tuple[bytes, str, str]: ...
def largest_frame(cubin: bytes) -> int: ...
def finish_gpus() -> None: ...
def synchronize() -> None: ...
def cpu_level() -> str: ...
