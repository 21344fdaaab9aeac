"""Templates: what is bound, and what a wrong binding says. Nothing here is compiled."""

from __future__ import annotations

import types

import cudapy as cp
import pytest


def scale(X):
    if idx < len(X):
        X[idx] = k * f(X[idx])


def square(x):
    return x * x


def test_substitute_makes_a_function_and_leaves_the_template_as_it_was():
    template = cp.Template(scale)
    one, other = template.substitute(k=2, f=square), template.substitute([(3, "k")])
    assert isinstance(one, types.FunctionType) and one is not scale
    assert one.__name__ == "scale" and one.__doc__ == scale.__doc__
    assert one.__cudapy_bindings__ == {"k": 2, "f": square}
    assert other.__cudapy_bindings__ == {"k": 3}
    assert not hasattr(scale, "__cudapy_bindings__")


def test_a_bound_function_may_be_bound_further():
    once = cp.Template(scale).substitute(k=2)
    assert cp.Template(once).substitute(f=square).__cudapy_bindings__ == {"k": 2, "f": square}


def test_the_decorator_binds():
    @cp.template([(square, "f"), (5, "k")])
    def made(X):
        X[idx] = f(k)

    assert made.__cudapy_bindings__ == {"f": square, "k": 5}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: cp.Template(scale).substitute(kk=2), ["does not read `kk`", "did you mean `k`?"]),
        (lambda: cp.Template(scale).substitute(X=2), ["`X` is a parameter"]),
        (lambda: cp.Template(scale).substitute([("k", 2)]), ["the name comes second"]),
        (lambda: cp.Template(scale).substitute([(2, "k")], k=3), ["`k` is bound twice"]),
        (
            lambda: cp.Template(scale).substitute(k=[1, 2]),
            ["list [1, 2]", "pass arrays as arguments"],
        ),
        (lambda: cp.Template(scale).substitute({"k": 2}), ["bindings are a list"]),
        (lambda: cp.Template(scale).substitute([2]), ["binding 1 is 2, not a pair"]),
        (lambda: cp.Template(scale).substitute(f=cp.Template(square)), ["not substituted yet"]),
        (lambda: cp.Template(scale).substitute([(2, "not a name")]), ["is not a name"]),
        (lambda: cp.Template(len), ["takes a Python function"]),
        (lambda: cp.template(scale), ["needs its bindings"]),
    ],
)
def test_a_wrong_binding_says_how_to_mend_it(make, says):
    with pytest.raises(cp.TemplateError) as error:
        make()
    for part in says:
        assert part in str(error.value)


def test_a_name_that_is_assigned_cannot_be_bound():
    def assigns(X):
        k = 2
        X[idx] = k

    with pytest.raises(cp.TemplateError, match="`k` is assigned in the function"):
        cp.Template(assigns).substitute(k=1)


def test_a_template_cannot_be_compiled_before_it_is_bound():
    with pytest.raises(TypeError, match="not bound yet"):
        cp.compile(cp.Template(scale))
