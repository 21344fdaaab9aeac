"""The types of the kernel language as Python objects: element types, arrays of them, void, and dim3.

The core recognises them by `__cudapy_type__`, the type as a signature writes it, and by `ElemType.code`, which is the
value of `ir::Scalar`.
This file is on the path of `import cudapy`, so it imports nothing.
"""

from __future__ import annotations

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
int8 = ElemType("int8", 1, "i", "b", 1)
int16 = ElemType("int16", 2, "i", "h", 2)
int32 = ElemType("int32", 4, "i", "i", 3)
int64 = ElemType("int64", 8, "i", "q", 4)
uint8 = ElemType("uint8", 1, "u", "B", 5)
uint16 = ElemType("uint16", 2, "u", "H", 6)
uint32 = ElemType("uint32", 4, "u", "I", 7)
uint64 = ElemType("uint64", 8, "u", "Q", 8)
float32 = ElemType("float32", 4, "f", "f", 9)
float64 = ElemType("float64", 8, "f", "d", 10)
complex64 = ElemType("complex64", 8, "c", "Zf", 11)
complex128 = ElemType("complex128", 16, "c", "Zd", 12)
float16 = ElemType("float16", 2, "f", "e", 13)
bfloat16 = ElemType("bfloat16", 2, "f", "H", 14)  # no letter is its own: buffers hold its bits

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


Void = VoidType()


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
    """Annotates an array parameter of a kernel: `X: cp.Array[cp.float32]`, with dimensions
    `cp.Array[cp.float32, 2]`, of structs `cp.Array[Particle]`, where `Particle` is a dataclass, a NamedTuple or a NumPy
    dtype with fields."""

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
    """The array type that a signature writes as `type*`: `Pointer(Float)` is `float*`,
    `Pointer(Pointer(Float))` is 2-D."""
    if isinstance(type, ArrayType):
        return ArrayType(type.element, type.ndim + 1)
    return ArrayType(_as_element(type), 1)


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
