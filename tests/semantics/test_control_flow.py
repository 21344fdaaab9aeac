"""Branches, loops, and lanes that leave them at different times."""

from __future__ import annotations

import numpy as np
from cudapy import idx
from differential import differential, floats, integers


def small(n, seed=0, low=-5, high=15):
    return integers(n, seed, "int32", low, high)


def one_array(n):
    return [small(n), np.zeros(n, "int32")]


def if_elif_else(A, R):
    if idx < len(A):
        a = A[idx]
        if a < 0:
            R[idx] = -a
        elif a == 3:
            R[idx] = 300
        elif a > 7:
            if a % 2 == 0:
                R[idx] = a // 2
            else:
                R[idx] = 3 * a + 1
        else:
            R[idx] = a


def test_if_elif_else():
    differential(if_elif_else, one_array)


def if_without_else(A, R):
    if idx < len(A):
        r = 7
        if A[idx] > 4:
            r = A[idx]
        if A[idx] > 8:
            r += 100
            R[idx] = r
        R[idx] += r


def test_if_without_else():
    differential(if_without_else, one_array)


def collatz(A, R):
    if idx < len(A):
        n = abs(A[idx]) + 1
        steps = 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        R[idx] = steps


def test_while_with_a_varying_condition():
    differential(collatz, one_array)


def while_else(A, R):
    if idx < len(A):
        k = 0
        while k < A[idx]:
            if k * k == A[idx]:
                R[idx] = k
                break
            k += 1
        else:
            R[idx] = -100 - k
        R[idx] += 1000


def test_while_else():
    differential(while_else, one_array)


def ranges(A, R):
    if idx < len(A):
        n = len(A)
        a = A[idx]
        total = 0
        for i in range(a):
            total += i * i
        R[idx] = total
        total = 0
        for i in range(2, a):
            total = total * 3 + i
        R[n + idx] = total
        total = 0
        for i in range(a, -4, -3):
            total = total * 7 + i
        R[2 * n + idx] = total
        total = 0
        for i in range(0, 10, 3):
            total = total * 5 + i + a
        R[3 * n + idx] = total


def test_range_with_one_two_and_three_arguments():
    differential(ranges, lambda n: [small(n), np.zeros(4 * n, "int32")])


def varying_step(A, B, R):
    if idx < len(A):
        step = B[idx]
        total = 0
        if step != 0:
            for i in range(A[idx], 20 if step > 0 else -20, step):
                total = total * 3 + i
        R[idx] = total


def test_range_with_a_varying_step_of_either_sign():
    differential(varying_step, lambda n: [small(n), small(n, 1, -4, 5), np.zeros(n, "int32")])


def range_is_evaluated_once(A, R):
    if idx < len(A):
        n = A[idx]
        total = 0
        for i in range(n):
            n -= 1
            i *= 2
            total += i
        R[idx] = total * 100 + n


def test_range_is_evaluated_once_and_its_variable_may_be_assigned():
    differential(range_is_evaluated_once, one_array)


def last_value(A, R):
    if idx < len(A):
        n = len(A)
        i = -7
        for i in range(A[idx]):
            if i == 6:
                break
        R[idx] = i
        j = -9
        for j in range(3, A[idx], 4):
            pass
        R[n + idx] = j
        for k in range(5):
            k = k + A[idx]
        R[2 * n + idx] = k


def test_loop_variables_keep_their_last_value():
    differential(last_value, lambda n: [small(n), np.zeros(3 * n, "int32")])


def for_else(A, R):
    if idx < len(A):
        for i in range(2, A[idx]):
            if A[idx] % i == 0:
                R[idx] = i
                break
        else:
            R[idx] = -1
        R[idx] *= 2


def test_for_else():
    differential(for_else, one_array)


def continues(A, R):
    if idx < len(A):
        total = 0
        for i in range(12):
            if (i + A[idx]) % 3 == 0:
                continue
            total += i
            if i % 2 == A[idx] % 2:
                continue
            total *= 2
        k = 0
        while k < 10:
            k += 1
            if k == A[idx]:
                continue
            total ^= k
        R[idx] = total


def test_continue():
    differential(continues, one_array)


def nested(A, B, R):
    if idx < len(A):
        total = 0
        for i in range(A[idx]):
            for j in range(B[idx]):
                if i * j > 20:
                    break
                if (i + j) % 4 == A[idx] % 4:
                    continue
                k = j
                while k > 0:
                    k = k // 2
                    total += k
                    if total % 11 == 3:
                        break
                else:
                    total += 1000
                total += i * 10 + j
            if total > 3000:
                break
        R[idx] = total


def test_nested_varying_loops():
    differential(nested, lambda n: [small(n), small(n, 1), np.zeros(n, "int32")])


def early_return(A, R):
    if idx >= len(A):
        return
    a = A[idx]
    R[idx] = 1
    if a < 0:
        return
    for i in range(a):
        R[idx] += i
        if R[idx] > 30:
            R[idx] = -R[idx]
            return
    R[idx] *= 2


def test_early_return():
    differential(early_return, one_array)


def return_in_nested_loops(A, R):
    if idx < len(A):
        x = A[idx]
        while True:
            for i in range(100):
                x += 1
                if x % 7 == 3 and (i > 2 or R[idx] < -5):
                    R[idx] = x
                    return
                if i == A[idx]:
                    break
            R[idx] -= 1


def test_return_from_nested_loops():
    differential(return_in_nested_loops, one_array)


def everybody_breaks(A, R):
    if idx < len(A):
        total = 0
        while True:
            total += A[idx]
            if len(A) > 0:
                break
        for i in range(5):
            total += i
            break
        R[idx] = total


def test_uniform_breaks():
    differential(everybody_breaks, one_array)


def guards(A, B, R):
    if idx < len(A):
        i = A[idx]
        if i >= 0 and i < len(B) and B[i] > 0:
            R[idx] = B[i]
        ok = i < 0 or i >= len(B) or B[i] < 0
        if ok:
            R[idx] -= 5
        R[idx] += B[i] if 0 <= i < len(B) else -1


def test_short_circuit_guards_a_load():
    differential(guards, lambda n: [small(n, 0, -50, 60), small(7, 1, -9, 9), np.zeros(n, "int32")])


def mandel(X, Y, R):
    if idx < len(X):
        cr = X[idx]
        ci = Y[idx]
        zr = 0.0
        zi = 0.0
        count = 0
        while count < 50 and zr * zr + zi * zi < 4.0:
            zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
            count += 1
        R[idx] = count


def test_mandelbrot_loop():
    differential(mandel, lambda n: [floats(n) % 2 - 1.5, floats(n, 1) % 1, np.zeros(n, "int32")])


def live_out(A, F, R, S):
    if idx < len(A):
        x = F[idx]
        last = 0
        i = 0
        while i < A[idx]:
            t = x * 0.5
            x = t + 1.0
            if x < 0.0:
                last = i
                i += 2
                continue
            if i > 8:
                x = -x
                break
            i += 1
        R[idx] = last * 100 + i
        S[idx] = x


def test_values_that_live_on_after_a_varying_loop():
    differential(
        live_out, lambda n: [small(n), floats(n), np.zeros(n, "int32"), np.zeros(n, "float32")]
    )


def maybe_assigned(A, R):
    if idx < len(A):
        if A[idx] > 3:
            x = A[idx] * 2
        if A[idx] > 8:
            y = 5
        else:
            y = 6
        if A[idx] > 3:
            y += x
        R[idx] = y


def test_variables_that_only_some_lanes_assign():
    differential(maybe_assigned, one_array)


def swap(A, R):
    if idx < len(A):
        a = 0
        b = 1
        for _ in range(abs(A[idx])):
            a, b = b, a + b
        c = d = a
        d += 1
        R[idx] = c * 1000 + d


def test_tuple_and_chained_assignment():
    differential(swap, one_array)


def widen(A, R):
    if idx < len(A):
        total = 0
        for _ in range(3):
            total += A[idx] * 0.5
        n = 1
        if A[idx] > 2:
            n = 5000000000
        R[idx] = total + n


def test_one_type_a_variable():
    differential(widen, lambda n: [small(n), np.zeros(n, "float32")])
    differential(widen, lambda n: [small(n), np.zeros(n, "float64")])


def iterate(X, R):
    if idx < len(R):
        total = R[idx]
        for i, x in enumerate(X):
            if i == idx:
                continue
            total += x * i
        for a, b in zip(X, X):
            total -= a * b
        R[idx] = total


def test_enumerate_and_zip():
    differential(iterate, lambda n: [small(6), small(n, 1)])


def augmented(A, F, R, S):
    if idx < len(A):
        r = A[idx]
        r += 3
        r -= 1
        r *= A[idx]
        r //= 2
        r %= 100
        r <<= 2
        r >>= 1
        r |= 1
        r &= 1023
        r ^= 5
        R[idx] = r
        s = F[idx]
        s /= 3
        s += 1
        S[idx] = s
        S[idx] *= 2
        R[idx] += 1


def test_augmented_assignment():
    differential(
        augmented, lambda n: [small(n), floats(n), np.zeros(n, "int32"), np.zeros(n, "float32")]
    )


def leaves_with_a_value(A, R):
    if idx < len(A):
        n = len(A)
        a = idx
        while True:
            if A[idx] > 3:
                a = 2
                break
            a = 5
            if A[idx] < 0:
                break
            if A[idx] < 4:
                a = 7
                break
        R[idx] = a
        b = 100
        i = 0
        c = 0
        while i < 6:
            i += 1
            if (i + A[idx]) % 3 == 0:
                c = b
                b = i
                continue
            b = 50
            if len(A) > 2:
                if A[idx] == i:
                    b = -i
                    break
                b = 60
        R[n + idx] = b * 1000 + c


def test_a_value_assigned_on_the_way_out_is_kept_where_the_rest_of_the_turn_assigns_it_again():
    differential(leaves_with_a_value, lambda n: [small(n), np.zeros(2 * n, "int32")])


def inner_else_leaves_outer(A, R):
    if idx < len(A):
        a = 0
        for i in range(8):
            for j in range(A[idx]):
                if i * j > 12:
                    break
            else:
                if i > 3:
                    a = 1000 + i
                    break
            a = i
        R[idx] = a


def test_an_inner_loops_else_leaves_the_outer_one():
    differential(inner_else_leaves_outer, one_array)


def sum_until(n, x):
    for i in range(3):
        for j in range(4):
            if j * 2 > n and i > 0:
                return x
        else:
            x = x * 2.0 + 1.0
    return -x


def returns_from_a_loop_with_else(A, R):
    if idx < len(A):
        R[idx] = sum_until(A[idx], 2)


def test_a_loops_else_where_lanes_returned_from_the_loop():
    differential(returns_from_a_loop_with_else, lambda n: [small(n), np.zeros(n, "float32")])


def ends_both_ways(n):
    if n % 2:
        return n
    else:
        return n + 1
    return 2.5


def raises_at_last(n):
    if n < 1000:
        return n
    raise ValueError("too many")
    return 2.5


def with_unreachable_assignments(A, R):
    if idx < len(A):
        n = len(A)
        x = A[idx]
        for i in range(3):
            if i < 5:
                x += 1
                continue
            else:
                break
            x = 0.5
        R[idx] = x * 2000000011
        R[n + idx] = ends_both_ways(x) * 2000000011 + raises_at_last(x & 7) * 2000000011
        y = x
        if x > 0:
            R[2 * n + idx] = y * 2000000011
            return
        else:
            R[2 * n + idx] = y // 2 * 2000000011
            return
        y = 2.5


def test_statements_that_nothing_reaches_give_a_variable_no_type():
    differential(with_unreachable_assignments, lambda n: [integers(n), np.zeros(3 * n)])


def with_variables_behind_a_known_condition(A, R, S):
    if idx < len(R):
        late = 1
        for _ in range(A[idx] & 1):
            if -3 & 1 == 1:
                continue
            for late in range(1, 4):  # never runs
                R[idx] = late
        R[idx] = late + 1
        if A[idx] & 2:
            if 2 > 1:
                S[idx] = 5
                return
            half = 7.5  # never runs: `half` is an integer
        half = 3
        half += A[idx] & 1
        S[idx] = half // 2


def test_variables_behind_a_known_condition():
    differential(
        with_variables_behind_a_known_condition,
        lambda n: [integers(n), np.zeros(n, np.int32), np.zeros(n)],
    )


def with_a_known_condition_that_always_leaves(A, B, R):
    a = A[idx]
    for k in range(5):
        if a > 5:
            if 7 & 5 == 5:
                break
            a = B[0]  # never runs; beside an int32 it would make an int64 of `a`
        else:
            a = a**2
    R[idx] = a


def with_a_chain_that_is_known_from_its_first_half(A, X, R):
    w = 0
    if 5 < 1 <= A[idx]:
        w = X[idx]  # never runs: `w` is an integer
    if A[idx] > 3 or 1 < 2:
        w += 1
    R[idx] = (w + 2000000011) * 3


def test_a_chain_that_is_known_from_its_first_half():
    differential(
        with_a_chain_that_is_known_from_its_first_half,
        lambda n: [integers(n + 1), floats(n + 1), np.zeros(n + 1)],
    )


def test_what_stands_behind_a_known_condition_that_always_leaves_gives_no_type():
    differential(
        with_a_known_condition_that_always_leaves,
        lambda n: [integers(n), integers(n + 1, 1, "uint32"), np.zeros(n, "int32")],
    )


def jumping_together_after_some_returned(A, R, S, n):
    """Lanes that are left jump together, so what stands behind the jump is run by none of them, and a variable that all
    share keeps its value."""
    if idx < len(R):
        first = n > 0
        again = n > 0
        for k in range(6):
            if k > A[idx]:
                R[idx] = -k
                return
            if first:
                S[idx] += k
                continue
            first = False
        for k in range(6):
            if 5 * k > A[idx]:
                R[idx] = 100 + k
                return
            if again and k == 3:
                break
            if k == 3:
                again = not again
            S[idx] += 10
        else:
            S[idx] += 1000
        R[idx] = (1 if first else 0) + (2 if again else 0)


def test_jumping_together_after_some_returned():
    for n in (0, 1):
        differential(
            jumping_together_after_some_returned,
            lambda size: [
                integers(size, 0, np.int32, 0, 30),
                np.zeros(size, np.int32),
                np.zeros(size, np.int32),
                n,  # noqa: B023
            ],
        )


def jumping_together_after_some_continued(A, R, n):
    """Those that have continued go on in the next turn, without those that broke."""
    if idx < len(R):
        total = 0
        flag = n > 0
        for k in range(8):
            if (A[idx] >> k) & 1 == 1:
                continue
            if flag and k > 2:
                total += 100
                break
            flag = n > 0
            total += k
        R[idx] = total + (1000 if flag else 0)


def test_jumping_together_after_some_continued():
    for n in (0, 1):
        differential(
            jumping_together_after_some_continued,
            lambda size: [integers(size, 0, np.int32), np.zeros(size, np.int32), n],  # noqa: B023
        )
