"""Which of two faults a thread meets first: Python's order, in compiled code of every gang width and on the reference
device. An index outside of its array is met when the element is, not when the index is evaluated."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import atomic
from differential import ON_GPU, running_as

DEVICES = ["1"] if ON_GPU else ["python", "1", "4", "32"]
OPERATIONS = ["add", "sub", "min", "max", "exch", "and_", "or_", "xor", "inc", "dec"]


@pytest.fixture(params=DEVICES, autouse=True)
def device(request):
    with running_as(request.param):
        yield


def faults(function, expected, *, dtype=np.int32, outside=9, zero=0):
    """Launches `function` on an array of four, an index outside of it and a zero."""
    A = np.ones(4, dtype)
    with pytest.raises(expected) as caught:
        cp.compile(function)(1)(A, np.ones((4, 4), np.int32), outside, zero)
    assert np.array_equal(A, np.ones(4, dtype))
    return caught


def atomics(name):
    """Calls of one operation whose value is not there, at a place that is not, by each way of naming it."""
    operation = getattr(atomic, name)

    def at_one_place(A, M, outside, zero):
        operation(A, outside, 1 // zero)

    def at_own_places(A, M, outside, zero):
        operation(A, outside + idx, (idx + 1) // zero)

    def used(A, M, outside, zero):
        A[0] = operation(A, outside, 1 // zero)

    def by_element(A, M, outside, zero):
        operation(A[outside], 1 // zero)

    def of_a_matrix(A, M, outside, zero):
        operation(M, (outside, 1), 1 // zero)

    def of_a_local_array(A, M, outside, zero):
        held = local(4, int)
        operation(held, outside, 1 // zero)
        A[0] = held[0]

    return at_one_place, at_own_places, used, by_element, of_a_matrix, of_a_local_array


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_value_of_an_atomic_comes_before_its_element(name):
    for function in atomics(name):
        faults(function, ZeroDivisionError)


def test_both_values_of_an_exchange_come_before_its_element():
    def expected(A, M, outside, zero):
        atomic.cas(A, outside, 1 // zero, 1)

    def value(A, M, outside, zero):
        atomic.cas(A, outside, 1, 1 // zero)

    faults(expected, ZeroDivisionError)
    faults(value, ZeroDivisionError)


def test_the_index_of_an_atomic_comes_before_its_value():
    def by_index(A, M, outside, zero):
        atomic.max(A, 1 << (zero - 1), 1 // zero)

    def by_value(A, M, outside, zero):
        atomic.max(A, 1 // zero, 1 << (zero - 1))

    faults(by_index, ValueError)
    faults(by_value, ZeroDivisionError)


def test_arguments_of_an_atomic_with_effects_are_evaluated_from_left_to_right():
    def take(A, R):
        if idx < 1:
            R[idx] = atomic.exch(A, atomic.add(A, 3, 1), 10 + atomic.add(A, 3, 1))

    A, R = np.array([5, 6, 7, 1], np.int32), np.zeros(1, np.int32)
    cp.compile(take)(1)(A, R)
    assert A.tolist() == [5, 12, 7, 3]
    assert R.tolist() == [6]


def test_a_float_and_a_half_as_well():
    def largest(A, M, outside, zero):
        atomic.max(A, outside, M[outside, 0] + 1 // zero)

    for dtype in (np.float32, np.float16, np.float64):
        faults(largest, IndexError, dtype=dtype)


def test_what_is_stored_comes_before_where():
    def at_one_place(A, M, outside, zero):
        A[outside] = 1 // zero

    def at_own_places(A, M, outside, zero):
        A[outside + idx] = (idx + 1) // zero

    def in_a_matrix(A, M, outside, zero):
        M[outside, 1] = 1 // zero

    def in_a_local_array(A, M, outside, zero):
        held = local(4, int)
        held[outside] = 1 // zero
        A[0] = held[0]

    def in_two(A, M, outside, zero):
        A[outside], A[0] = 1, 1 // zero

    for function in (at_one_place, at_own_places, in_a_matrix, in_a_local_array, in_two):
        faults(function, ZeroDivisionError)


def test_what_is_stored_comes_before_the_index():
    def put(A, M, outside, zero):
        A[1 // zero] = A[outside]

    def put_what_was_there(A, M, outside, zero):
        A[1 // zero] = atomic.add(A, outside, 1)

    faults(put, IndexError)
    faults(put_what_was_there, IndexError)


def test_values_of_one_line_are_evaluated_in_turn_and_before_its_targets():
    def first(A, M, outside, zero):
        A[0], A[1] = 1 // zero, 1 << (zero - 1)

    def second(A, M, outside, zero):
        A[0], A[outside] = 1 << (zero - 1), 1 // zero

    def loaded(A, M, outside, zero):
        x, A[outside], A[0] = M[outside, 0], 1 // zero, 2
        A[1] = x

    faults(first, ZeroDivisionError)
    faults(second, ValueError)
    faults(loaded, IndexError)


def test_what_is_changed_is_read_before_what_changes_it():
    def change(A, M, outside, zero):
        A[outside] += 1 // zero

    faults(change, IndexError)


def test_all_indices_are_evaluated_before_one_is_looked_at():
    def of_a_matrix(A, M, outside, zero):
        A[0] = M[outside, 1 // zero]

    def of_a_local_array(A, M, outside, zero):
        held = local((4, 4), int)
        A[0] = held[outside, 1 // zero]

    faults(of_a_matrix, ZeroDivisionError)
    faults(of_a_local_array, ZeroDivisionError)


def test_what_is_looked_for_comes_before_the_tuple():
    def side(A, at, k):
        A[at] = 10 * A[at] + k
        return k

    def written_out(A):
        if side(A, 0, 4) in (side(A, 0, 5), side(A, 0, 4)):
            A[0] += 1000

    def beside(A):
        if (side(A, 1, 1), side(A, 1, 2)) not in (
            (side(A, 1, 3), side(A, 1, 4)),
            (side(A, 1, 5), 6),
        ):
            A[1] += 1000000

    A = np.zeros(2, np.int32)
    cp.compile(written_out)(1)(A)
    cp.compile(beside)(1)(A)
    assert A.tolist() == [1454, 1012345]
