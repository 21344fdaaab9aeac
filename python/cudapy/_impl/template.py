"""Templates: a kernel or helper written once, with names that are bound to values or functions later.

A substituted template is an ordinary function object, a copy of the original that carries `__cudapy_bindings__`, a
dictionary of names. Name resolution looks there before closure and globals; nothing else about the function differs, so
the original stays usable and can be substituted again.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING

from .errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BINDINGS = "__cudapy_bindings__"


def _names_read(code: types.CodeType) -> set[str]:
    names = set(code.co_names) | set(code.co_freevars)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names_read(constant)
    return names


def _nearest(name: str, known: Iterable[str]) -> str:
    import difflib

    found = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean `{found[0]}`?" if found else ""


def _check_value(function: types.FunctionType, name: str, value: object) -> object:
    """What a name is bound to: a number, a NumPy scalar, a dtype or a function; kernels stand for their function."""
    where = f"template `{function.__name__}`"
    if isinstance(value, Template):
        raise TemplateError(
            f"{where}: `{name}` is bound to a template that is itself not substituted yet\n"
            f"  substitute it first: {name}=that_template.substitute(…)"
        )
    wrapped = getattr(value, "__wrapped__", None)
    if not isinstance(value, types.FunctionType) and isinstance(wrapped, types.FunctionType):
        return wrapped
    if isinstance(value, (list, tuple, dict, set, str, bytes)) or value is None:
        raise TemplateError(
            f"{where}: `{name}` is bound to {type(value).__name__} {value!r:.40}, which a kernel cannot hold\n"
            f"  bind a number, a bool, a type such as cp.float32, or a function; pass arrays as arguments of the launch"
        )
    return value


class Template:
    """A function some of whose names are filled in later, so that `map` or `zipWith` is written once.

    Args:
        function: a kernel or helper. The names to be filled in are read in it like globals.

    Raises:
        TemplateError: `function` is not a Python function.

    Example:
        >>> import cudapy as cp
        >>> def map_kernel(X, Y):
        ...     if idx < len(X):
        ...         Y[idx] = f(X[idx])
        >>> def square(x):
        ...     return x * x
        >>> squares = cp.compile(cp.Template(map_kernel).substitute(f=square))
        >>> Y = [0.0, 0.0, 0.0]
        >>> squares(3)([1.0, 2.0, 3.0], Y)
        >>> Y
        [1.0, 4.0, 9.0]
    """

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., object]) -> None:
        wrapped = getattr(function, "__wrapped__", None)
        if not isinstance(function, types.FunctionType) and isinstance(wrapped, types.FunctionType):
            function = wrapped
        if not isinstance(function, types.FunctionType):
            raise TemplateError(
                f"cp.Template takes a Python function, not {type(function).__name__}\n"
                f'  write @cp.template([(value, "name")]) above a `def`, or cp.Template(f).substitute(name=value)'
            )
        self.function = function

    def __repr__(self) -> str:
        return f"<cudapy.Template of {self.function.__name__}>"

    def substitute(
        self, bindings: Iterable[tuple[object, str]] = (), /, **named: object
    ) -> Callable[..., object]:
        """A function with names of the template bound, to be given to `cp.compile`, called by kernels, or bound again.

        Args:
            bindings: pairs `(value_or_function, "name")`, CudaPy's form.
            named: the same as keywords, `name=value_or_function`.

        Returns:
            A copy of the template's function that carries the bindings. The template itself is left as it was.

        Raises:
            TemplateError: a pair is malformed, a name is not read by the function, is a parameter or a variable of it,
                is bound twice, or the value is not one that a kernel can hold.

        Example:
            >>> import cudapy as cp
            >>> def scale(X):
            ...     X[idx] *= k
            >>> X = [1.0, 2.0]
            >>> cp.compile(cp.Template(scale).substitute(k=3))(2)(X)
            >>> X
            [3.0, 6.0]
        """
        function = self.function
        merged: dict[str, object] = {}
        for name, value in [*_pairs(function, bindings), *named.items()]:
            if name in merged:
                raise TemplateError(f"template `{function.__name__}`: `{name}` is bound twice")
            _check_name(function, name)
            merged[name] = _check_value(function, name, value)
        copy = types.FunctionType(
            function.__code__,
            function.__globals__,
            function.__name__,
            function.__defaults__,
            function.__closure__,
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        copy.__annotations__ = dict(function.__annotations__)
        copy.__doc__ = function.__doc__
        copy.__module__ = function.__module__
        copy.__qualname__ = function.__qualname__
        copy.__dict__.update(function.__dict__)
        setattr(copy, BINDINGS, {**getattr(function, BINDINGS, {}), **merged})
        return copy


def _pairs(
    function: types.FunctionType, bindings: Iterable[tuple[object, str]]
) -> list[tuple[str, object]]:
    wanted = '[(value_or_function, "name"), …]'
    pairs = []
    if isinstance(bindings, (str, bytes, dict)) or not hasattr(bindings, "__iter__"):
        raise TemplateError(
            f"template `{function.__name__}`: bindings are a list {wanted}, not {bindings!r:.60}"
        )
    for number, pair in enumerate(bindings, 1):
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TemplateError(
                f"template `{function.__name__}`: binding {number} is {pair!r:.60}, not a pair\n  the form is {wanted}"
            )
        value, name = pair
        if not isinstance(name, str):
            swapped = ": the name comes second" if isinstance(value, str) else ""
            raise TemplateError(
                f"template `{function.__name__}`: binding {number} names {name!r:.60}, which is not a string{swapped}\n"
                f"  the form is {wanted}"
            )
        pairs.append((name, value))
    return pairs


def _check_name(function: types.FunctionType, name: str) -> None:
    code = function.__code__
    where = f"template `{function.__name__}`"
    if not name.isidentifier():
        raise TemplateError(f"{where}: {name!r} is not a name")
    if name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        raise TemplateError(
            f"{where}: `{name}` is a parameter, so a launch gives it its value\n"
            f"  remove it from the parameters, or bind another name"
        )
    if name in code.co_varnames or name in code.co_cellvars:
        raise TemplateError(
            f"{where}: `{name}` is assigned in the function, so it cannot be bound from outside"
        )
    read = _names_read(code)
    if name not in read:
        raise TemplateError(f"{where}: the function does not read `{name}`{_nearest(name, read)}")


def template(
    bindings: Iterable[tuple[object, str]] = (), /, **named: object
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Binds names of the function below it: `@cp.template([(value_or_function, "name"), …])`.

    Args:
        bindings: pairs `(value_or_function, "name")`.
        named: the same as keywords.

    Raises:
        TemplateError: as `Template.substitute`, and if it is written without parentheses.

    Example:
        >>> import cudapy as cp
        >>> def scaled_by(factor):
        ...     @cp.template([(factor, "k")])
        ...     def scale(X):
        ...         if idx < len(X):
        ...             X[idx] = k * X[idx]
        ...     return cp.compile(scale)
        >>> X = [1.0, 2.0]
        >>> scaled_by(10)(2)(X)
        >>> X
        [10.0, 20.0]
    """
    if isinstance(bindings, types.FunctionType):
        raise TemplateError(
            f"@cp.template above `{bindings.__name__}` needs its bindings\n"
            f'  write @cp.template([(value_or_function, "name")]), or cp.Template({bindings.__name__}) for later'
        )

    def bind(function: Callable[..., object]) -> Callable[..., object]:
        return Template(function).substitute(bindings, **named)

    return bind
