"""Dataclasses and NamedTuples as structs of the kernel language: which fields they have."""

from __future__ import annotations

from typing import Any


def is_record_class(value: object) -> bool:
    """Whether it is a dataclass or a NamedTuple with annotated fields."""
    if not isinstance(value, type):
        return False
    is_named_tuple = issubclass(value, tuple) and hasattr(value, "_fields")
    return "__dataclass_fields__" in vars(value) or (
        is_named_tuple and bool(getattr(value, "__annotations__", {}))
    )


def fields_of_class(record: type) -> list[tuple[str, Any]] | None:
    """The names and types of its fields, in order; None if it is no such class.

    Raises:
        NameError: an annotation names nothing.
    """
    if not is_record_class(record):
        return None
    from dataclasses import fields, is_dataclass
    from typing import get_type_hints

    hints = get_type_hints(record)
    if is_dataclass(record):
        return [(field.name, hints[field.name]) for field in fields(record)]
    return [(name, hints[name]) for name in record._fields]  # type: ignore[attr-defined]


def _is_generated(method: Any) -> bool:
    """Whether `dataclass` or `NamedTuple` wrote a method."""
    code = getattr(method, "__code__", None)
    return code is not None and code.co_filename == "<string>"


def _defined(record: type, name: str) -> Any:
    """The attribute as a class among its bases defines it; None: only Python's own classes do."""
    for base in record.__mro__:
        if base in (object, tuple):
            return None
        if name in vars(base):
            return vars(base)[name]
    return None


def problem_of_class(record: type) -> str | None:
    """Why kernels cannot take the class's objects for their fields alone; None: they can."""
    equals = _defined(record, "__eq__")
    if equals is not None and not _is_generated(equals):
        return "it has its own `__eq__`, and kernels compare field by field: give that method another name"
    if "__dataclass_params__" in vars(record) and "__eq__" not in vars(record):
        return (
            "`eq=False` says that objects of equal fields are not equal, and kernels compare field by field: "
            "leave `eq=False` out"
        )
    for name, _ in fields_of_class(record) or ():
        if isinstance(_defined(record, name), property):
            return f"its field `{name}` is a property"
    return None


def parameters_of_class(record: type) -> tuple[str, list[tuple[str, bool, bool, Any]]]:
    """How its objects are made.

    Returns:
        Why a kernel cannot make them, or ""; and of each field its name, whether it can be given by position,
        whether it has a default, and that.
    """
    named = [name for name, _ in fields_of_class(record) or ()]
    defaults = getattr(record, "_field_defaults", None)
    if defaults is not None:
        listed = [(name, True, name in defaults, defaults.get(name)) for name in named]
        own = [name for name in ("__init__", "__new__") if not _is_plain(record, name)]
        return _own_method(own), listed
    from dataclasses import MISSING, fields

    problem = _own_method(
        [name for name in ("__new__", "__init__") if not _is_plain(record, name)]
        + (["__post_init__"] if hasattr(record, "__post_init__") else [])
    )
    for field in record.__dataclass_fields__.values():  # type: ignore[attr-defined]
        if field._field_type.name == "_FIELD_INITVAR":
            problem = problem or f"its `{field.name}` is an InitVar, which is no field"
    listed = []
    for field in fields(record):
        if not field.init:
            problem = problem or f"its field `{field.name}` is none of its parameters (init=False)"
        by_position = not getattr(field, "kw_only", False)
        if field.default_factory is not MISSING:
            listed.append((field.name, by_position, True, field.default_factory))
        else:
            listed.append((field.name, by_position, field.default is not MISSING, field.default))
    return problem, listed


def _is_plain(record: type, name: str) -> bool:
    method = _defined(record, name)
    if isinstance(method, staticmethod):
        method = method.__func__
    return method is None or _is_generated(method)


def _own_method(names: list[str]) -> str:
    return f"it has its own `{names[0]}`, which kernels do not run" if names else ""
