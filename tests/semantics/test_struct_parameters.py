"""How dataclasses and NamedTuples are made in kernels: defaults, `kw_only`, and what only Python can do."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from typing import ClassVar, NamedTuple

import cudapy as cp
import numpy as np
import pytest
from cudapy import idx
from differential import differential, floats


class Point(NamedTuple):
    x: float
    y: float = 0.5
    n: int = 3


CHARGE = np.float64(0.1)


@dataclass
class Body:
    mass: float
    charge: np.float64 = CHARGE
    alive: bool = True
    count: ClassVar[int] = 7


@dataclass(kw_only=True)
class Options:
    low: float
    high: float = 2.0


@dataclass
class Mixed:
    a: float
    b: float = field(default=4.0, kw_only=True)
    c: float = 8.0


def defaults(A, R):
    if idx < len(A):
        n = len(A)
        p, q, r = Point(A[idx]), Point(A[idx], n=5), Point(n=1, x=2.0)
        R[idx] = p.x + p.y * p.n + q.y * q.n + r.x + r.y + r.n
        body, other = Body(A[idx]), Body(1.0, alive=False)
        R[n + idx] = body.mass + body.charge + other.charge
        if body.alive and not other.alive:
            R[n + idx] += Body.count
        o = Options(low=A[idx])
        R[2 * n + idx] = o.low + o.high + Options(high=3.0, low=1.0).high
        m = Mixed(A[idx], 1.0)
        R[3 * n + idx] = m.a + 10 * m.b + 100 * m.c + Mixed(1.0, b=A[idx]).c


def test_defaults_and_keywords():
    differential(defaults, lambda n: [floats(n), np.zeros(4 * n, "float64")])


ORIGIN = Point(1.5, 2.5, 4)


def captured(A, R):
    if idx < len(A):
        R[idx] = A[idx] * ORIGIN.x + ORIGIN.y * ORIGIN.n


def test_fields_of_a_captured_named_tuple():
    differential(captured, lambda n: [floats(n), np.zeros(n, "float32")])


FIELDS = np.dtype([("x", "f4"), ("y", "i4")])


def by_name(P, R):
    if idx < len(P):
        P[idx]["y"] += 2
        P[idx]["x"] = P[idx]["x"] * P[idx]["y"]
        R[idx] = P[idx]["x"] + P[idx].y


def test_fields_by_their_names_in_brackets():
    def points(n):
        P = np.zeros(n, FIELDS)
        P["x"], P["y"] = floats(n), np.arange(n)
        return P

    differential(by_name, lambda n: [points(n), np.zeros(n, "float32")])


@dataclass
class Doubled:
    x: float

    def __post_init__(self):
        self.x *= 2


@dataclass(init=False)
class OwnInit:
    x: float

    def __init__(self, a):
        self.x = a * 5


@dataclass
class OwnEqual:
    x: float

    def __eq__(self, other):
        return True

    __hash__ = None


@dataclass(eq=False)
class NoEqual:
    x: float


@dataclass
class WithInitVar:
    x: float
    scale: InitVar[float] = 1.0


@dataclass
class NotGiven:
    x: float
    y: float = field(init=False, default=3.0)


@dataclass
class Factory:
    x: float
    y: float = field(default_factory=lambda: 3.0)


class OwnNew(Point):
    def __new__(cls, x):
        return super().__new__(cls, x * 3)


def call_doubled(R):
    R[0] = Doubled(2.0).x


def call_own_init(R):
    R[0] = OwnInit(2.0).x


def call_own_equal(R):
    R[0] = OwnEqual(2.0) == OwnEqual(3.0)


def call_no_equal(R):
    R[0] = NoEqual(2.0) == NoEqual(2.0)


def call_init_var(R):
    R[0] = WithInitVar(2.0).x


def call_not_given(R):
    R[0] = NotGiven(2.0).x


def call_factory(R):
    R[0] = Factory(2.0).y


def call_own_new(R):
    R[0] = OwnNew(2.0).x


def call_keyword_by_position(R):
    R[0] = Options(2.0, high=1.0).low


def call_without(R):
    R[0] = Options(high=2.0).low


REFUSED = {
    call_doubled: "own `__post_init__`",
    call_own_init: "own `__init__`",
    call_own_equal: "own `__eq__`",
    call_no_equal: "eq=False",
    call_init_var: "`scale` is an InitVar",
    call_not_given: "init=False",
    call_factory: "default of the field `y` is",
    call_own_new: "which a kernel cannot use",
    call_keyword_by_position: "0 fields by position",
    call_without: "lacks `low`",
}


@pytest.mark.parametrize("device", ["cpu", "python"])
@pytest.mark.parametrize("kernel", REFUSED, ids=lambda kernel: kernel.__name__)
def test_what_only_python_can_do_is_refused(kernel, device):
    with cp.device(device), pytest.raises(cp.CompileError, match=REFUSED[kernel]):
        cp.compile(kernel)(1)(np.zeros(1, "float32"))


def test_objects_that_python_made_are_arguments():
    def read(p, R):
        R[idx] = p.x

    for made, want in ((Doubled(2.0), 4), (OwnInit(2.0), 10), (Factory(1.0), 1)):
        for device in ("cpu", "python"):
            R = np.zeros(1, "float32")
            with cp.device(device):
                cp.compile(read)(1)(made, R)
            assert R[0] == want


class Undecorated(Doubled):
    pass


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (OwnEqual(1.0), "it has its own `__eq__`, and kernels compare field by field: give "),
        (NoEqual(1.0), "`eq=False` says that objects of equal fields are not equal, .* leave"),
        (Undecorated(1.0), "it is derived from a dataclass, and none itself: decorate it"),
    ],
)
def test_objects_that_are_no_arguments_say_why(made, reason):
    def read(p, R):
        R[idx] = p.x

    for device in ("cpu", "python"):
        with cp.device(device), pytest.raises(cp.CudaTypeError, match=reason):
            cp.compile(read)(1)(made, np.zeros(1, "float32"))
    with pytest.raises(cp.CudaTypeError, match=f"of `{type(made).__name__}`: {reason}"):
        cp.CudaArray([made])
