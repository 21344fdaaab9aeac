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
