"""What generated programs are made of: their parameters, the arguments for them, and what an expression may read. What
every program has is in program_helpers.py."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from differential import floats, integers

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
COMMON_INTEGERS = ("int32", "int32", "int32", "uint8", "int64")
FLOATS = ("float32", "float32", "float64")


RECORDS = ("packed", "aligned", "wide")  # what `records` makes
ROW = 5  # the length of a matrix's rows


HEADER = """\
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import cudapy as cp
from cudapy import *
from property.program_helpers import *


"""


@dataclass
class Parameter:
    name: str
    dtype: str
    is_output: bool = False
    is_scalar: bool = False
    layout: str = (
        ""  # of a matrix of n rows: "rows", "columns" or "reversed", as they lie in memory;
        # "cube" or "turned" of n matrices
    )

    @property
    def is_vector(self) -> bool:
        return not (self.is_scalar or self.layout or self.is_record)

    @property
    def is_cube(self) -> bool:
        return self.layout in ("cube", "turned")

    @property
    def is_matrix(self) -> bool:
        return bool(self.layout) and not self.is_cube

    @property
    def is_record(self) -> bool:
        return self.dtype in RECORDS

    @property
    def is_complex(self) -> bool:
        return self.dtype.startswith("complex")


@dataclass
class Program:
    """A generated kernel, in the form of a module's text."""

    text: str
    parameters: list[Parameter]
    block: int | None = None  # the only size of its blocks
    uses_warps: bool = False
    turns: int = 1  # how many elements a thread has, in a loop over the width of the grid
    prints: bool = False


@dataclass
class Scope:
    """The variables that an expression may read."""

    ints: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)  # integers that are not assigned
    floats: list[str] = field(default_factory=list)
    bools: list[str] = field(default_factory=list)
    arrays: list[Parameter] = field(default_factory=list)
    thread: str = "0"
    prints: bool = False  # what is here may be printed
    stored: bool = False  # the outputs R and S may be read and written
    searchable: list[str] = field(default_factory=list)  # arrays that `search` takes
    # Name -> "int", "float" or "pair", what it returns; all take an int and a float.
    helpers: dict[str, str] = field(default_factory=dict)
    pairs: list[str] = field(default_factory=list)  # tuples of an integer and a float
    functions: list[str] = field(default_factory=list)  # of an integer, and seen only in this block
    held: dict[str, str] = field(default_factory=dict)  # a thread's own arrays: name -> its kind
    matrices: list[str] = field(default_factory=list)  # of integers
    own_rows: list[str] = field(default_factory=list)  # matrices of which a thread has a row
    cubes: list[str] = field(default_factory=list)  # of integers
    own_cubes: list[str] = field(default_factory=list)  # of which a thread has a matrix

    # Compound values: see compound_values.py.
    records: list[str] = field(default_factory=list)  # arrays of structs
    own_records: list[str] = field(default_factory=list)  # of those that are written
    own_aligned: list[str] = field(default_factory=list)  # and whose fields atomics take
    elements: list[str] = field(default_factory=list)  # variables that hold an element of them
    bodies: list[str] = field(default_factory=list)  # variables that hold a Body
    own_bodies: list[str] = field(default_factory=list)  # local arrays of them
    complexes: list[str] = field(default_factory=list)  # variables
    waves: list[str] = field(default_factory=list)  # arrays of complex numbers
    own_waves: list[str] = field(default_factory=list)
    own_halves: list[str] = field(default_factory=list)  # arrays of float16 that are written
    recursive: list[str] = field(default_factory=list)  # of an int, a float and how deep it may go

    def copy(self, *more: str) -> Scope:
        """The same names in lists of its own, and more integers."""
        return replace(self, ints=[*self.ints, *more], functions=[*self.functions])


def records(n: int, seed: int, layout: str) -> np.ndarray:
    """Structs of numbers and of a struct; "wide" has float64 and int64 in them, "aligned" gaps."""
    real, whole = ("f8", "i8") if layout == "wide" else ("f4", "i4")
    at = [("u", "f4"), ("v", "i2")]
    made = np.zeros(
        n, np.dtype([("x", real), ("b", "u1"), ("k", whole), ("at", at)], align=layout == "aligned")
    )
    made["x"] = floats(n, seed, np.dtype(real).type)
    made["b"] = integers(n, seed, np.uint8)
    made["k"] = integers(n, seed, np.dtype(whole).type)
    made["at"]["u"] = floats(n, seed + 1, special=True)
    made["at"]["v"] = integers(n, seed + 1, np.int16)
    return made


def complexes(n: int, seed: int, dtype: str) -> np.ndarray:
    part = np.float32 if dtype == "complex64" else np.float64
    made = np.zeros(n, dtype)
    made.real, made.imag = floats(n, seed, part), floats(n, seed + 1, part, special=True)
    return made
