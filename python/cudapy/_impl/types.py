"""The types of the kernel language as Python objects: element types, arrays of them, void, and dim3.

The core recognises them by `__cudapy_type__`, the type as a signature writes it, and by `ElemType.code`, which is the
value of `ir::Scalar`.
"""

from __future__ import annotations

from .attribute_docs import AttributeDoc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ElemType:
    """The type of a scalar, or of an array's elements, such as `cudapy.float32`.

    Inside a kernel, calling one is a cast: `cp.int64(x)`. Outside it makes the NumPy scalar of that type,
    which a kernel
    that captures it takes as it is: `cp.float64(0.1)` stays a float64, where a bare `0.1` takes the type that it meets.

    Attributes:
        name: NumPy's name of the type, `"float32"`.
        itemsize: bytes of an element.
        kind: NumPy's letter for the kind: `"b"`, `"i"`, `"u"`, `"f"` or `"c"`.
        format: the letter of Python's `struct` and buffer protocol.
        code: position in the core's list of scalar types.
    """

    __slots__ = ("__cudapy_type__", "code", "format", "itemsize", "kind", "name")

    def __init__(self, name: str, itemsize: int, kind: str, format: str, code: int) -> None:
        self.__cudapy_type__ = name
        self.name = name
        self.itemsize = itemsize
        self.kind = kind
        self.format = format
        self.code = code

    def __call__(self, value: object = 0) -> object:
        import numpy

        if self is bfloat16:
            from .bfloat16 import dtype

            if dtype() is None:
                raise TypeError(
                    "NumPy has no bfloat16: install ml_dtypes, which adds it, or use cudapy.float32"
                )
        with numpy.errstate(all="ignore"):
            return numpy.asarray(value).astype(self.name)[()]

    def __repr__(self) -> str:
        return f"cudapy.{self.name}"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return elem_type_named, (self.name,)


bool_ = ElemType("bool", 1, "b", "?", 0)
"""True or False, one byte. CUDA's `bool`; `bool` in casts, and `cp.Bool`, are the same.
In arithmetic it counts as int32.

Example:
    >>> import cudapy as cp
    >>> cp.CudaArray([True, False]).elemType()
    cudapy.bool
    >>> @cp.kernel
    ... def positive(X, Y):
    ...     Y[idx] = X[idx] > 0
    >>> Y = cp.CudaArray.allocate(2, cp.bool_)
    >>> positive(2)([1.5, -1.5], Y)
    >>> Y.toList()
    [True, False]
"""

int8 = ElemType("int8", 1, "i", "b", 1)
"""An integer of 8 bits, -128 to 127, which wraps. CUDA's `signed char`.

Example:
    >>> import cudapy as cp
    >>> cp.int8.itemsize, cp.CudaArray([-127, 2], cp.int8).toList()
    (1, [-127, 2])
    >>> @cp.kernel
    ... def cast(X, Y):
    ...     Y[idx] = cp.int8(X[idx])
    >>> Y = cp.CudaArray.allocate(2, cp.int8)
    >>> cast(2)([3.75, 300.0], Y)
    >>> Y.toList()
    [3, 127]
"""

int16 = ElemType("int16", 2, "i", "h", 2)
"""An integer of 16 bits, -32768 to 32767, which wraps. CUDA's `short`.

Example:
    >>> import cudapy as cp
    >>> cp.int16.itemsize, cp.CudaArray([-32767, 2], cp.int16).toList()
    (2, [-32767, 2])
    >>> @cp.kernel
    ... def cast(X, Y):
    ...     Y[idx] = cp.int16(X[idx])
    >>> Y = cp.CudaArray.allocate(2, cp.int16)
    >>> cast(2)([3.75, 300.0], Y)
    >>> Y.toList()
    [3, 300]
"""

int32 = ElemType("int32", 4, "i", "i", 3)
"""An integer of 32 bits, -2147483648 to 2147483647, which wraps. CUDA's `int`.
`int` in signatures and casts, and `cp.Int`, are the same. An integer alone has this type in a kernel, if it fits.

Example:
    >>> import cudapy as cp
    >>> cp.int32.itemsize, cp.CudaArray([-2147483647, 2], cp.int32).toList()
    (4, [-2147483647, 2])
    >>> @cp.kernel
    ... def cast(X, Y):
    ...     Y[idx] = cp.int32(X[idx])
    >>> Y = cp.CudaArray.allocate(2, cp.int32)
    >>> cast(2)([3.75, 300.0], Y)
    >>> Y.toList()
    [3, 300]
"""

int64 = ElemType("int64", 8, "i", "q", 4)
"""An integer of 64 bits, -2**63 to 2**63 - 1, which wraps. CUDA's `long long`.

Example:
    >>> import cudapy as cp
    >>> cp.int64.itemsize, cp.CudaArray([-9223372036854775807, 2], cp.int64).toList()
    (8, [-9223372036854775807, 2])
    >>> @cp.kernel
    ... def cast(X, Y):
    ...     Y[idx] = cp.int64(X[idx])
    >>> Y = cp.CudaArray.allocate(2, cp.int64)
    >>> cast(2)([3.75, 300.0], Y)
    >>> Y.toList()
    [3, 300]
"""

uint8 = ElemType("uint8", 1, "u", "B", 5)
"""An integer of 8 bits without a sign, 0 to 255, which wraps. CUDA's `unsigned char`.

Example:
    >>> import cudapy as cp
    >>> cp.uint8.itemsize, cp.CudaArray([1, 2], cp.uint8).toList()
    (1, [1, 2])
    >>> @cp.kernel
    ... def cast(X, Y):
    ...     Y[idx] = cp.uint8(X[idx])
    >>> Y = cp.CudaArray.allocate(2, cp.uint8)
    >>> cast(2)([3.75, 300.0], Y)
    >>> Y.toList()
    [3, 255]
"""

uint16 = ElemType("uint16", 2, "u", "H", 6)
"""An integer of 16 bits without a sign, 0 to 65535, which wraps. CUDA's `unsigned short`.

Example:
    >>> import cudapy as cp
    >>> cp.uint16.itemsize, cp.CudaArray([1, 2], cp.uint16).toList()
    (2, [1, 2])
    >>> @cp.kernel
    ... def cast(X, Y):
    ...     Y[idx] = cp.uint16(X[idx])
    >>> Y = cp.CudaArray.allocate(2, cp.uint16)
    >>> cast(2)([3.75, 300.0], Y)
    >>> Y.toList()
    [3, 300]
"""

uint32 = ElemType("uint32", 4, "u", "I", 7)
"""An integer of 32 bits without a sign, 0 to 4294967295, which wraps. CUDA's `unsigned int`.

Example:
    >>> import cudapy as cp
    >>> cp.uint32.itemsize, cp.CudaArray([1, 2], cp.uint32).toList()
    (4, [1, 2])
    >>> @cp.kernel
    ... def cast(X, Y):
    ...     Y[idx] = cp.uint32(X[idx])
    >>> Y = cp.CudaArray.allocate(2, cp.uint32)
    >>> cast(2)([3.75, 300.0], Y)
    >>> Y.toList()
    [3, 300]
"""

uint64 = ElemType("uint64", 8, "u", "Q", 8)
"""An integer of 64 bits without a sign, 0 to 2**64 - 1, which wraps. CUDA's `unsigned long long`.

Example:
    >>> import cudapy as cp
    >>> cp.uint64.itemsize, cp.CudaArray([1, 2], cp.uint64).toList()
    (8, [1, 2])
    >>> @cp.kernel
    ... def cast(X, Y):
    ...     Y[idx] = cp.uint64(X[idx])
    >>> Y = cp.CudaArray.allocate(2, cp.uint64)
    >>> cast(2)([3.75, 300.0], Y)
    >>> Y.toList()
    [3, 300]
"""

float32 = ElemType("float32", 4, "f", "f", 9)
"""A float of 32 bits, with 24 bits of precision. CUDA's `float`; `float` in signatures and casts, and `cp.Float`, are
the same. A float alone has this type in a kernel that touches no float64.

Example:
    >>> import cudapy as cp
    >>> cp.CudaArray([0.5, 1.5]).elemType()
    cudapy.float32
    >>> float(cp.float32(0.1)) == 0.1  # outside of a kernel: NumPy's, rounded to 24 bits
    False
"""

float64 = ElemType("float64", 8, "f", "d", 10)
"""A float of 64 bits, Python's own, with 53 bits of precision. CUDA's `double`; `double` in signatures and casts, and
`cp.Double`, are the same.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def thirds(X):
    ...     X[idx] = 1 / cp.float64(3)
    >>> X = cp.CudaArray.allocate(1, cp.float64)
    >>> thirds(1)(X)
    >>> X[0] == 1 / 3
    True
"""

complex64 = ElemType("complex64", 8, "c", "Zf", 11)
"""A complex number of two float32. CUDA's `cuFloatComplex`, NumPy's `complex64`.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def turn(Z):
    ...     Z[idx] = Z[idx] * 1j
    >>> Z = cp.CudaArray([1.0, 2j], cp.complex64)
    >>> turn(2)(Z)
    >>> Z.toList() == [1j, -2.0]
    True
"""

complex128 = ElemType("complex128", 16, "c", "Zd", 12)
"""A complex number of two float64, Python's own. CUDA's `cuDoubleComplex`, NumPy's `complex128`.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def lengths(Z, X):
    ...     X[idx] = abs(Z[idx])
    >>> X = cp.CudaArray.allocate(1, cp.float64)
    >>> lengths(1)(cp.CudaArray([3 + 4j], cp.complex128), X)
    >>> X[0]
    5.0
"""

float16 = ElemType("float16", 2, "f", "e", 13)
"""A float of 16 bits, with 11 bits of precision, up to 65504. CUDA's `half`, also in signatures. It is how numbers are
stored: each operation is carried out in float32 and rounded once.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def third(X):
    ...     X[idx] = X[idx] / 3
    >>> X = cp.CudaArray([1.0], cp.float16)
    >>> third(1)(X)
    >>> X[0]
    0.333251953125
"""

bfloat16 = ElemType("bfloat16", 2, "f", "H", 14)  # no letter is its own: buffers hold its bits
"""A float of 16 bits with float32's range and 8 bits of precision. CUDA's `__nv_bfloat16`; ml_dtypes' and torch's
`bfloat16`. It is how numbers are stored: each operation is carried out in float32 and rounded once.

Example:
    >>> import cudapy as cp
    >>> @cp.kernel
    ... def third(X):
    ...     X[idx] = X[idx] / 3
    >>> X = cp.CudaArray([1.0], cp.bfloat16)
    >>> third(1)(X)
    >>> X.toList()
    [0.333984375]
"""


# In the order of `code`.
ELEM_TYPES = (
    bool_,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
    float32,
    float64,
    complex64,
    complex128,
    float16,
    bfloat16,
)
_BY_NAME = {elem.name: elem for elem in ELEM_TYPES}

# CudaPy's own names.
Bool = bool_
Int = int32
Float = float32
Double = float64


ElemType.__doc__ = AttributeDoc(__name__, ElemType.__doc__)  # type: ignore[assignment]


def elem_type_named(name: str) -> ElemType:
    """The element type with NumPy's name `name`.

    Raises:
        KeyError: there is none with that name.
    """
    return _BY_NAME[name]


class VoidType:
    """The type of what a kernel returns: nothing. `cudapy.Void` is the only one."""

    __slots__ = ()
    __cudapy_type__ = "void"
    name = "void"

    def __repr__(self) -> str:
        return "cudapy.Void"

    def __reduce__(self) -> str:
        return "Void"


VoidType.__doc__ = AttributeDoc(__name__, VoidType.__doc__)  # type: ignore[assignment]
Void = VoidType()
"""What a kernel returns: nothing. CUDA's `void`, CudaPy's own spelling; in a signature it is written `void`.

Example:
    >>> import cudapy as cp
    >>> def one(X: cp.Array[cp.float32]) -> cp.Void:
    ...     X[idx] = 1.0
    >>> X = [0.0, 0.0]
    >>> cp.compile(one)(2)(X)
    >>> X
    [1.0, 1.0]
"""


class ArrayType:
    """The type of an array parameter: `cudapy.Array[cudapy.float32, 2]`, or `cudapy.Pointer(cudapy.Float)`.

    Attributes:
        element: the type of an element: one of cudapy's, or of a struct the dataclass, NamedTuple or NumPy dtype.
        ndim: the number of dimensions.
    """

    __slots__ = ("__cudapy_type__", "element", "ndim")

    def __init__(self, element: Any, ndim: int = 1) -> None:
        # The core reads a struct's fields from `element`.
        name = element.name if isinstance(element, ElemType) else "struct"
        self.__cudapy_type__ = name + "*" * ndim
        self.element = element
        self.ndim = ndim

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ArrayType):
            return NotImplemented
        return bool(self.element == other.element) and self.ndim == other.ndim

    def __hash__(self) -> int:
        return hash((self.element, self.ndim))

    def __repr__(self) -> str:
        element = self.element
        name = element.__qualname__ if isinstance(element, type) else repr(element)
        return f"cudapy.Array[{name}, {self.ndim}]"


class Array:
    """Annotates an array parameter of a kernel: `X: cp.Array[cp.float32]`, with dimensions `cp.Array[cp.float32, 2]`.

    The element is one of cudapy's types, a Python or NumPy type that names one, or that of a struct: a dataclass, a
    NamedTuple or a NumPy dtype with fields. There are 1 to 8 dimensions, 1 where none are given.

    In CUDA C++: `float*`; an array here knows its shape and strides.

    Raises:
        TypeError: the element is none of these, or the number of dimensions is not 1 to 8.

    Example:
        >>> import cudapy as cp
        >>> @cp.kernel
        ... def negate(A: cp.Array[cp.float32, 2]):
        ...     A[idy, idx] = -A[idy, idx]
        >>> A = [[1.0, 2.0], [3.0, 4.0]]
        >>> negate(2, 2)(A)
        >>> A
        [[-1.0, -2.0], [-3.0, -4.0]]
    """

    def __class_getitem__(cls, item: object) -> ArrayType:
        element, ndim = item if isinstance(item, tuple) else (item, 1)
        if not isinstance(ndim, int) or not 1 <= ndim <= 8:
            raise TypeError(f"cudapy.Array[type, dimensions] takes 1 to 8 dimensions, not {ndim!r}")
        return ArrayType(_as_element(element), ndim)


def _as_element(value: object) -> object:
    """The element type that `value` names, or itself if it is a struct's."""
    from .record_classes import is_record_class

    # Whether its fields can be a struct's is found out when a kernel is compiled.
    is_struct = is_record_class(value) or getattr(value, "fields", None) is not None
    return value if is_struct else as_elem_type(value)


def Pointer(type: object) -> ArrayType:  # CudaPy's own spelling
    """The array type that a signature writes as `type*`: `Pointer(Float)` is `float*`, `Pointer(Pointer(Float))` 2-D.

    CudaPy's own spelling of `cp.Array`.

    Args:
        type: an element type, or an array type, which gets one dimension more.

    Raises:
        TypeError: `type` is neither.

    Example:
        >>> import cudapy as cp
        >>> cp.Pointer(cp.Pointer(cp.Float))
        cudapy.Array[cudapy.float32, 2]
        >>> cp.Pointer(cp.Float) == cp.Array[cp.float32]
        True
    """
    if isinstance(type, ArrayType):
        return ArrayType(type.element, type.ndim + 1)
    return ArrayType(_as_element(type), 1)


def _by_code(code: str) -> ElemType | None:
    """NumPy's short names, kind and bytes: `"f4"`, `"<i8"`, `"|u1"`, `"?"`; in the machine's byte order."""
    kinds = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex"}
    bare = code[1:] if code[:1] in ("|", "=", "<") else code
    kind, size = kinds.get(bare[:1]), bare[1:]
    if bare in ("?", "b1"):
        return bool_
    if kind is None or kind == "bool" or not size.isdecimal():
        return None
    return _BY_NAME.get(f"{kind}{8 * int(size)}")


def as_elem_type(value: object) -> ElemType:
    """The element type that `value` names: one of cudapy's, a Python type, a NumPy dtype or scalar type, or a name.

    Raises:
        TypeError: it names none of them.
    """
    if isinstance(value, ElemType):
        return value
    if value is bool:
        return bool_
    if value is int:
        return int32
    if value is float:
        return float32
    name = (
        value
        if isinstance(value, str)
        else getattr(value, "name", None) or getattr(value, "__name__", None)
    )
    found = {
        "int": int32,
        "float": float32,
        "double": float64,
        "bool_": bool_,
        "half": float16,
    }.get(str(name)) or _BY_NAME.get(str(name))
    if found is None and isinstance(value, str):
        found = _by_code(value)
    if found is None:
        known = ", ".join(elem.name for elem in ELEM_TYPES)
        raise TypeError(
            f"{value!r} is not an element type of cudapy: use one of {known}, or Bool, Int, Float, Double"
        )
    return found


def _flattened(items: Any) -> list[Any]:
    flat: list[Any] = []
    for item in items:
        flat += _flattened(item) if isinstance(item, (list, tuple)) else [item]
    return flat


def _is_bool(item: Any) -> bool:
    return isinstance(item, bool) or type(item).__name__ in ("bool_", "bool")  # NumPy's


def _element_of_list(items: list[Any]) -> ElemType:
    """The type that holds all of these numbers: NumPy's, fractions and the like among them."""
    if any(
        isinstance(item, complex) or type(item).__name__.startswith(("complex", "clongdouble"))
        for item in items
    ):
        return complex64
    if not items or not all(_is_bool(item) or hasattr(item, "__index__") for item in items):
        return float32
    if all(map(_is_bool, items)):
        return bool_
    least, greatest = min(map(int, items)), max(map(int, items))
    if least >= -(2**31) and greatest < 2**31:
        return int32
    return int64 if greatest < 2**63 else uint64


def elemType(value: object) -> ElemType:  # CudaPy's own spelling
    """The element type of an array, of an array type, or of a list that would be copied to the device.

    Args:
        value: a CudaArray, an array of another library, an array type, a dtype, or a list, of lists too.

    Returns:
        One of cudapy's types; of an array of structs NumPy's dtype.

    Raises:
        TypeError: kernels have no such elements.

    Example:
        >>> import cudapy as cp
        >>> cp.elemType(cp.Pointer(cp.Float))
        cudapy.float32
        >>> cp.elemType([1, 2, 3])
        cudapy.int32
    """
    if isinstance(value, ArrayType):
        return as_elem_type(value.element)
    method = getattr(value, "elemType", None)
    if callable(method):
        found = method()
        return found  # type: ignore[no-any-return]  # of structs NumPy's dtype
    if isinstance(value, (list, tuple)):
        return _element_of_list(_flattened(value))
    return as_elem_type(getattr(value, "dtype", value))


class dim3:
    """The number of threads wanted along x, y and z, as CUDA writes it: `k(cp.dim3(640, 480))(…)`.

    A launch counts threads, where CUDA's `<<<grid, block>>>` counts blocks and threads of a block; `block=` takes a
    dim3 as well.

    Args:
        x: threads along x; kept as `.x`.
        y: along y; `.y`.
        z: along z; `.z`.

    Example:
        >>> import cudapy as cp
        >>> cp.dim3(640, 480)
        dim3(640, 480, 1)
    """

    __slots__ = ("x", "y", "z")

    def __init__(self, x: int = 1, y: int = 1, z: int = 1) -> None:
        self.x = x
        self.y = y
        self.z = z

    def __iter__(self) -> object:
        return iter((self.x, self.y, self.z))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dim3):
            return NotImplemented
        return (self.x, self.y, self.z) == (other.x, other.y, other.z)

    def __hash__(self) -> int:
        return hash((self.x, self.y, self.z))

    def __repr__(self) -> str:
        return f"dim3({self.x}, {self.y}, {self.z})"
