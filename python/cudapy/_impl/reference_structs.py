"""Structs on the reference device: their types, their values, and where they lie in memory.

The type of a struct is a string, as all types are: `"{x: float32 @0, y: float32 @4; 8}"`, fields with their places in
bytes, then the size. `fields_of` says what is in it.
"""

from __future__ import annotations

import ctypes
import operator
from typing import TYPE_CHECKING, Any

from .errors import CompileError
from .record_classes import (
    fields_of_class,
    is_record_class,
    parameters_of_class,
    problem_of_class,
)
from .reference_tuples import equal
from .scalar import (
    COMPLEX,
    HALVES,
    Scalar,
    bits_of_half,
    cast,
    half_from_bits,
    is_complex,
    number,
)
from .types import as_elem_type

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

_KNOWN: dict[str, dict[str, tuple[Any, int]]] = {}
_SIZES: dict[str, int] = {}
_CTYPES: dict[str, Any] = {
    "bool": ctypes.c_bool,
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
    **dict.fromkeys(HALVES, ctypes.c_uint16),  # their bits
    **{
        f"{kind}{bits}": getattr(ctypes, f"c_{kind}{bits}")
        for kind in ("int", "uint")
        for bits in (8, 16, 32, 64)
    },
}


def struct_of_dtype(dtype: Any) -> str:
    """The type that a structured dtype of NumPy's describes."""
    fields: dict[str, tuple[Any, int]] = {}
    for name in dtype.names:
        type, offset = dtype.fields[name][:2]
        fields[name] = (_type_of_dtype(type), offset)
    return _known(fields, dtype.itemsize)


def _type_of_dtype(dtype: Any) -> Any:
    """The name of a number's type, a struct's, or for an array of fixed length the types of its elements."""
    if dtype.subdtype is not None:
        element, shape = dtype.subdtype
        type = _type_of_dtype(element)
        for length in reversed(shape):
            type = (type,) * length
        return type
    return dtype.name if dtype.names is None else struct_of_dtype(dtype)


def _scalar_name(type: Any) -> str:
    return as_elem_type(type).name


def struct_of_class(record: type) -> str:
    """The type that a dataclass or a NamedTuple describes, laid out as in C."""
    fields: dict[str, tuple[Any, int]] = {}
    end, widest = 0, 1
    for name, annotated in fields_of_class(record) or ():
        nested = is_record_class(annotated)
        type = struct_of_class(annotated) if nested else _scalar_name(annotated)
        alignment = _alignment(type)
        offset = -(-end // alignment) * alignment
        fields[name] = (type, offset)
        end, widest = offset + size_of(type), max(widest, alignment)
    return _known(fields, -(-end // widest) * widest)


def size_of(type: Any) -> int:
    """The bytes of an element."""
    if isinstance(type, tuple):
        return len(type) * size_of(type[0])
    if is_complex(type):
        return 2 * size_of(COMPLEX[type])
    return _SIZES[type] if type in _SIZES else ctypes.sizeof(_CTYPES[type])


def _alignment(type: str) -> int:
    if type in _CTYPES:
        return ctypes.sizeof(_CTYPES[type])
    return max(_alignment(field) for field in field_types(type))


def _listed(name: str, type: Any, offset: int) -> str:
    lengths = []
    while isinstance(type, tuple):
        lengths.append(len(type))
        type = type[0]
    return f"{name}: {type} @{offset}" + "".join(f"[{length}]" for length in lengths)


def _known(fields: dict[str, tuple[Any, int]], size: int) -> str:
    listed = ", ".join(_listed(name, *placed) for name, placed in fields.items())
    text = f"{{{listed}; {size}}}"
    _KNOWN[text], _SIZES[text] = fields, size
    return text


class StructMaker:
    """A dataclass or a NamedTuple in a kernel: `Particle(x, y=0.0)`."""

    def __init__(self, record: type) -> None:
        self.type = struct_of_class(record)
        # Which fields are given by position, and what those have that are not given.
        self.by_position: list[str] = []
        self._defaults: dict[str, Any] = {}
        problem, parameters = parameters_of_class(record)
        problem = problem_of_class(record) or problem
        if problem:
            raise CompileError(f"kernels cannot make a `{record.__name__}`: {problem}")
        for name, by_position, has_default, default in parameters:
            if by_position:
                self.by_position.append(name)
            if has_default:
                self._defaults[name] = default

    def result(self, types: list[Any]) -> str:
        return self.type

    def arguments(self, node: ast.Call) -> list[tuple[Any, str]]:
        """The values of the fields in their order, expressions or the values of defaults, with the fields' types."""
        given: dict[Any, Any] = self._defaults | dict(zip(self.by_position, node.args))
        given |= {keyword.arg: keyword.value for keyword in node.keywords}
        return [(given[name], type) for name, (type, _) in fields_of(self.type).items()]

    def __call__(self, *values: Any) -> Any:
        return record(values, self.type)


def record_of(instance: Any, type: str) -> Record:
    """An instance of such a class, as an argument of a kernel."""
    values = [
        record_of(getattr(instance, name), field) if is_struct(field) else getattr(instance, name)
        for name, (field, _) in fields_of(type).items()
    ]
    return record(tuple(values), type)


def is_instance(value: object) -> bool:
    """Whether it is an instance of such a class, or a record of NumPy's."""
    is_record = type(value).__name__ in ("void", "record")
    return is_record_class(type(value)) or (
        is_record and bool(getattr(getattr(value, "dtype", None), "names", None))
    )


def record_of_instance(value: Any) -> Record:
    """Its fields, with their own types."""
    if is_record_class(type(value)):
        return record_of(value, struct_of_class(type(value)))
    return record(plain_values(value), struct_of_dtype(value.dtype))


def plain_values(value: Any) -> tuple[Any, ...]:
    """Of the fields of a record of NumPy's, as Python's own numbers and tuples."""
    parts = (value[name] for name in value.dtype.names)
    return tuple(
        plain_values(part) if is_instance(part) else _items(part.tolist()) for part in parts
    )


def _items(value: Any) -> Any:
    """Tuples for lists."""
    return tuple(map(_items, value)) if isinstance(value, list) else value


def is_struct(type: object) -> bool:
    return isinstance(type, str) and type in _KNOWN


def struct_of(written: Any) -> str | None:
    """The type that a dataclass, a NamedTuple or a structured dtype of NumPy's describes; None if it is none."""
    if is_record_class(written):
        return struct_of_class(written)
    return struct_of_dtype(written) if getattr(written, "names", None) else None


def same_fields(a: Any, b: Any) -> bool:
    """Whether two types, or the elements of two arrays, are structs with the same names and types of their fields,
    wherever they lie in memory."""
    if not (isinstance(a, str) and isinstance(b, str)):
        return False
    x, y = a.rstrip("*"), b.rstrip("*")
    if len(a) - len(x) != len(b) - len(y) or not (is_struct(x) and is_struct(y)):
        return False
    return list(fields_of(x)) == list(fields_of(y)) and all(
        one == other or same_fields(one, other)
        for one, other in zip(field_types(x), field_types(y))
    )


def declared_as(wanted: str | None, given: Any) -> Any:
    """The type of a parameter that is declared as `wanted` and given a `given`: how its structs lie in memory is the
    argument's."""
    return given if wanted is None or same_fields(wanted, given) else wanted


def fields_of(type: str) -> dict[str, tuple[Any, int]]:
    """The type and the place of each field, of a complex number too."""
    if is_complex(type):
        part = COMPLEX[type]
        return {"real": (part, 0), "imag": (part, ctypes.sizeof(_CTYPES[part]))}
    return _KNOWN[type]


def field_types(type: str) -> tuple[Any, ...]:
    return tuple(field for field, _ in fields_of(type).values())


class Record:
    """A struct as a value: its fields are Scalars and Records, and do not change."""

    __slots__ = ("_struct", "_values")

    def __init__(self, type: str, values: tuple[Any, ...]) -> None:
        self._struct = type
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return self._values[list(fields_of(self._struct)).index(name)]

    def __getitem__(self, number: int) -> Any:
        return self._values[number]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and equal(self._values, other._values)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._struct} {self._values}>"


def type_of_record(value: Record) -> str:
    return value._struct


def record(value: Any, type: str) -> Record:
    """A struct of `type`: of a tuple with a value for each field, or of a struct with the same fields."""
    if isinstance(value, Record) and value._struct == type:
        return value
    values = value._values if isinstance(value, Record) else value
    return Record(type, tuple(map(_converted, values, field_types(type))))


def _converted(value: Any, type: Any) -> Any:
    if isinstance(type, tuple):
        return tuple(map(_converted, value, type))
    return record(value, type) if is_struct(type) else cast(value, type)


def replaced(whole: Record, names: tuple[str, ...], values: tuple[Any, ...]) -> Record:
    """`whole` with other values of the fields of these names."""
    given = dict(zip(names, values))
    listed = zip(fields_of(whole._struct), whole._values)
    return record(tuple(given.get(name, value) for name, value in listed), whole._struct)


def zero_record(type: str) -> Record:
    return Record(type, tuple(map(_zero, field_types(type))))


def _zero(type: Any) -> Any:
    if isinstance(type, tuple):
        return tuple(map(_zero, type))
    return zero_record(type) if is_struct(type) else cast(0, type)


class Place:
    """Where an element of a type lies in memory: its fields are read and stored there."""

    __slots__ = ("_address", "_type")

    def __init__(self, address: int, type: Any) -> None:
        object.__setattr__(self, "_address", address)
        object.__setattr__(self, "_type", type)

    def _load(self) -> Any:
        if isinstance(self._type, tuple):
            return tuple(self._item(number)._load() for number in range(len(self._type)))
        if self._type in _CTYPES:
            bare = _CTYPES[self._type].from_address(self._address).value
            is_half = self._type in HALVES
            return Scalar(self._type, half_from_bits(bare, self._type) if is_half else bare)
        parts = [self._field(name)._load() for name in fields_of(self._type)]
        if is_complex(self._type):
            return Scalar(self._type, complex(*map(number, parts)))
        return Record(self._type, tuple(parts))

    def _store(self, value: Any) -> None:
        if isinstance(self._type, tuple):
            for place, item in enumerate(value):
                self._item(place)._store(item)
            return
        if self._type in _CTYPES:
            bare = number(cast(value, self._type))
            bits = bits_of_half(bare, self._type) if self._type in HALVES else bare
            _CTYPES[self._type].from_address(self._address).value = bits
            return
        if is_complex(self._type):
            bare = number(cast(value, self._type))
            values: tuple[Any, ...] = (bare.real, bare.imag)
        else:
            values = record(value, self._type)._values
        for name, part in zip(fields_of(self._type), values):
            self._field(name)._store(part)

    def _field(self, name: str) -> Place:
        type, offset = fields_of(self._type)[name]
        return Place(self._address + offset, type)

    def _item(self, index: Any) -> Place:
        """Of an array of fixed length; `index` may be several."""
        first, *others = index if isinstance(index, tuple) else (index,)
        place = operator.index(number(first))
        if not -len(self._type) <= place < len(self._type):
            raise IndexError("tuple index out of range")
        type = self._type[0]
        item = Place(self._address + place % len(self._type) * size_of(type), type)
        return item._item(tuple(others)) if others else item

    def __getitem__(self, index: Any) -> Any:
        return self._item(index)._load()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._item(index)._store(value)

    def __getattr__(self, name: str) -> Any:
        return self._field(name)._load()

    def __setattr__(self, name: str, value: Any) -> None:
        self._field(name)._store(value)


def load(place: Place) -> Any:
    return place._load()


def store(place: Place, value: Any) -> None:
    place._store(value)


def item_place(place: Place, index: Any) -> Place:
    return place._item(index)


def field_place(place: Place, name: str) -> Place:
    return place._field(name)
