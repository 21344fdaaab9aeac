"""Texts of names that are neither functions nor classes: the string below the assignment, as editors read it.

CPython drops these strings when it compiles a module, so they cost an import nothing. They are read from the module's
source when somebody asks an object for its `__doc__`.
"""

from __future__ import annotations

_texts: dict[str, dict[str, str]] = {}


class AttributeDoc:
    """`__doc__` of a class each of whose instances is documented where it is named.

    Args:
        module: the module in which the instances are assigned to names.
        of_class: what the class itself says.
    """

    __slots__ = ("_module", "_of_class")

    def __init__(self, module: str, of_class: str | None) -> None:
        self._module = module
        self._of_class = of_class

    def __get__(self, instance: object, owner: type) -> str | None:
        if instance is None:
            return self._of_class
        text = attribute_docs(self._module).get(_name_in(self._module, instance))
        return self._of_class if text is None else text


def attribute_docs(module: str) -> dict[str, str]:
    """The texts below the assignments of a module, by name; none where its source is not at hand."""
    if module not in _texts:
        _texts[module] = _read(module)
    return _texts[module]


def _name_in(module: str, instance: object) -> str:
    import sys

    names = vars(sys.modules[module])
    return next((name for name, value in names.items() if value is instance), "")


def _read(module: str) -> dict[str, str]:
    import ast
    import inspect
    import itertools
    import sys

    try:
        body = ast.parse(inspect.getsource(sys.modules[module])).body
    except OSError:
        return {}
    texts = {}
    for statement, below in itertools.pairwise(body):
        target = (
            statement.targets[0]
            if isinstance(statement, ast.Assign)
            else statement.target
            if isinstance(statement, ast.AnnAssign)
            else None
        )
        if (
            isinstance(target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
            and isinstance(below.value.value, str)
        ):
            texts[target.id] = inspect.cleandoc(below.value.value)
    return texts
