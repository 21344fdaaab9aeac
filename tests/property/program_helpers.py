"""The functions, classes and constants that every generated program has.

`search` takes an array, and leaves its loop at different times; `twice` takes a function; `largest` as many numbers as
it is given; `blend` has defaults and a keyword; `bump` writes a row; `diagonal` reads a matrix; `cut_sum` calls itself
with parts of what it is given; `chosen`, `moved` and `turned` take and return structs of several kinds, and complex
numbers; `signed` is `copysign` without the sign of a NaN, which IEEE 754 leaves open: no program may show it.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import cudapy as cp
import numpy as np

TABLE = np.array([3, -7, 0, 2147483647, 12, -1, 5, 100], np.int32)
GRID = np.array([[1.5, -0.25, 3.0], [0.0, 0.1, -2.0]], np.float32)
DIGITS = (3, 1, 4, 1, 5)
WEIGHTS = (0.25, 0.5, 0.25)


class Spot(NamedTuple):
    u: float
    v: cp.int16


@dataclass
class Body:
    x: float
    k: int
    at: Spot
    on: bool


def search(X, value):
    for place in range(min(len(X), 9)):
        if X[place] >= value:
            return place
        if X[place] == 3:
            continue
        value -= 1
    return -1


def twice(f, value):
    return f(f(value) + 1)


def largest(first, *rest):
    for one in rest:
        first = max(first, one)
    return first


def blend(n, k=3, *, shift=1):
    return (n ^ k) + shift if n > k else n - shift


def bump(row, place, value):
    row[int(place) % len(row)] += value


def diagonal(square, value):
    for row in range(square.shape[0]):
        value = value ^ square[row, row]
        if value & 1 == 0:
            break
    else:
        value += 1
    return value


def cut_sum(part, fuel):
    if fuel <= 0 or len(part) < 2:
        return int(part[0]) if len(part) > 0 else 7
    middle = len(part) // 2
    if part[0] > part[middle]:
        return cut_sum(part[:middle], fuel - 1) - 1
    return cut_sum(part[middle:], fuel - 1) ^ cut_sum(part[1:middle], fuel - 2)


def chosen(one, other, takes_one):
    if takes_one:
        return one
    return other


def moved(body, k):
    if k < 0:
        return body
    return Body(body.x + 1, body.k ^ int(k), Spot(v=body.k & 7, u=body.at.u * 2), not body.on)


def turned(z, w, k):
    if k > 3:
        return z * w, w
    return w - z, z.conjugate()


def signed(size, value):
    return math.copysign(size, value if value == value else 1.0)
