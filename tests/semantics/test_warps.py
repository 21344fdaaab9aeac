"""Warps: what 32 threads of a block do together, the same in CPython, in vectors and wherever lanes are missing."""

from __future__ import annotations

import cudapy as cp
import numpy as np
import pytest
from cudapy import (
    activemask,
    all_sync,
    any_sync,
    ballot,
    ballot_sync,
    blockDim,
    idx,
    idy,
    lane_id,
    match_all,
    match_all_sync,
    match_any,
    match_any_sync,
    popc,
    shared,
    shfl,
    shfl_down,
    shfl_down_sync,
    shfl_sync,
    shfl_up,
    shfl_up_sync,
    shfl_xor,
    shfl_xor_sync,
    syncthreads,
    syncwarp,
    threadIdx,
    warp_id,
)
from differential import ON_GPU, TARGETS, Target, differential, floats, host_isas, integers

# A warp is a gang of 32 whatever is asked for: one width for each instruction set.
WARPS = TARGETS if ON_GPU else [Target(isa, 8) for isa in host_isas()]
TYPES = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
]


def check(functions, arguments, sizes=(64,), block=(64, 1, 1), **options):
    differential(
        functions, arguments, sizes=lambda gang: list(sizes), block=block, targets=WARPS, **options
    )


def values(n, dtype, seed=0):
    if dtype == "bool":
        return integers(n, seed=seed, low=0, high=2).astype(bool)
    if dtype.startswith("float"):
        return floats(n, seed=seed, dtype=dtype)
    return integers(n, seed=seed, dtype=dtype)


@pytest.mark.parametrize("dtype", TYPES)
def test_shuffles_of_every_type(dtype):
    def shuffle(X, L, A, B, C, D, E):
        if idx < len(X):
            A[idx] = shfl(X[idx], L[idx])
            B[idx] = shfl_up(X[idx], 3)
            C[idx] = shfl_down(X[idx], L[idx])
            D[idx] = shfl_xor(X[idx], 5)
            E[idx] = shfl(X[idx], L[0])

    def arguments(n):
        results = (np.zeros(n, dtype) for _ in range(5))
        return [values(n, dtype), integers(n, low=-3, high=40), *results]

    arrays = ", ".join(f"{dtype}* {name}" for name in "ABCDE")
    check(
        shuffle,
        arguments,
        sizes=(0, 1, 31, 64, 70),
        sig=f"shuffle : void ({dtype}* X, int* L, {arrays})",
    )


@pytest.mark.parametrize("width", [1, 2, 4, 8, 16, 32])
def test_segments(width):
    # segments : void (int* X, int* D, int** Y)
    def segments(X, D, Y):
        v = X[idx]
        d = D[idx]
        Y[0, idx] = shfl(v, d, width)
        Y[1, idx] = shfl_up(v, d, width)
        Y[2, idx] = shfl_down(v, d, width)
        Y[3, idx] = shfl_xor(v, d, width)
        Y[4, idx] = shfl_up(v, D[1], width)
        Y[5, idx] = shfl_down(v, D[1], width)
        Y[6, idx] = shfl_xor(v, D[1], width)
        Y[7, idx] = shfl(v, D[1], width)
        Y[8, idx] = shfl_down(v, 2, width)
        Y[9, idx] = shfl_up(v, 9, width)

    for seed, most in enumerate((5, 40)):
        check(
            segments,
            lambda n, seed=seed, most=most: [
                integers(n, seed=seed),
                integers(n, seed=seed, low=-2, high=most),
                np.zeros((10, n), np.int32),
            ],
        )


def test_distances_that_leave_the_warp_give_the_own_value():
    # far : void (int* X, int* D, int** Y)
    def far(X, D, Y):
        Y[0, idx] = shfl_up(X[idx], 32)
        Y[1, idx] = shfl_down(X[idx], -1)
        Y[2, idx] = shfl_xor(X[idx], 64)
        Y[3, idx] = shfl_down(X[idx], D[0])
        Y[4, idx] = shfl_up(X[idx], D[1])
        Y[5, idx] = shfl_xor(X[idx], D[2])
        Y[6, idx] = shfl(X[idx], -1)
        Y[7, idx] = shfl(X[idx], D[3])

    X = np.arange(32, dtype=np.int32)
    Y = np.zeros((8, 32), np.int32)
    cp.compile(far)(32, block=32)(X, np.array([32, -5, 33, 67], np.int32), Y)
    assert (Y[:6] == X).all()
    assert (Y[6] == 31).all() and (Y[7] == 3).all()


def test_votes_and_masks():
    # votes : void (int* X, uint32* B, uint32* M, bool* A, bool* O, uint32* V)
    def votes(X, B, M, A, O, V):
        if idx < len(X):
            B[idx] = ballot(X[idx] > 0)
            M[idx] = match_any(X[idx] % 4)
            A[idx] = all(X[idx] > -9)
            O[idx] = any(X[idx] == 7)
            V[idx] = activemask()

    def arguments(n):
        masks = [np.zeros(n, np.uint32) for _ in range(3)]
        flags = [np.zeros(n, bool) for _ in range(2)]
        return [integers(n, low=-10, high=10), *masks[:2], *flags, masks[2]]

    check(votes, arguments, sizes=(0, 1, 31, 32, 33, 64, 100))


@pytest.mark.parametrize("dtype", TYPES)
def test_matches_of_every_type(dtype):
    def matches(X, M):
        if idx < len(X):
            M[idx] = match_any(X[idx])

    def arguments(n):
        X = values(n, dtype)
        X[1::2] = X[: len(X[1::2])]
        return [X, np.zeros(n, np.uint32)]

    check(matches, arguments, sizes=(40, 64), sig=f"matches : void ({dtype}* X, uint32* M)")


def test_matches_compare_bits():
    # zeros : void (float* X, uint32* M)
    def zeros(X, M):
        M[idx] = match_any(X[idx])

    X = np.zeros(32, np.float32)
    X[::2] = -0.0
    M = np.zeros(32, np.uint32)
    cp.compile(zeros)(32, block=32)(X, M)
    assert set(M.tolist()) == {0x55555555, 0xAAAAAAAA}


def test_match_all():
    # matched : void (int* X, float* F, uint32** M)
    def matched(X, F, M):
        if idx < len(X):
            v = X[idx]
            M[0, idx] = match_all(v // 8)
            M[1, idx] = match_all(F[0])
            M[2, idx] = match_all_sync(0x0F0F0F0F, v if lane_id() < 16 else 3)
            if v > 2:
                M[3, idx] = match_all(v > 1)
            M[4, idx] = match_all(blockIdx.x + v * 0)

    def arguments(n):
        return [integers(n, low=0, high=9), floats(n + 1), np.zeros((5, n), np.uint32)]

    check(matched, arguments, sizes=(0, 1, 31, 32, 33, 100))
    check(
        matched,
        lambda n: [np.full(n, 3, np.int32), floats(n + 1), np.zeros((5, n), np.uint32)],
        sizes=(40,),
    )


BODY = np.dtype([("at", [("x", "f4"), ("y", "f8")]), ("kind", "i1"), ("on", "?"), ("z", "c8")])


def test_shuffles_of_complex_numbers_and_structs():
    def moved(P, Q, Z, R, M):
        n = len(Z)
        if idx < n:
            z = Z[idx]
            R[0, idx] = shfl_down(z, 1)
            R[1, idx] = shfl(z * 2j, idx * 7, 8) + shfl_xor(Z[idx], 3).imag
            Q[idx] = shfl_up(P[idx], 2)
            p = P[idx]
            if idx % 3 != 1:
                q = shfl_xor(p, int(p.at.x) & 31)
                Q[n + idx] = q
                R[2, idx] = shfl_sync(activemask(), q, 4).z
            M[idx] = match_any(z) + match_all(z) + (match_any(p.at) & 0xFFFF)

    def arguments(n):
        P = np.zeros(n, BODY)
        P["at"]["x"], P["at"]["y"] = integers(n, low=0, high=9), floats(n, 1)
        P["kind"], P["on"] = integers(n, low=-9, high=9), integers(n, 1) > 0
        P["z"] = floats(n, 2) + 1j * floats(n, 3)
        P[n // 2 :]["at"] = P["at"][: n - n // 2]
        Z = np.repeat(P["z"][: n // 2 + 1], 2)[:n].copy()
        return [P, np.zeros(2 * n, BODY), Z, np.zeros((3, n), "c8"), np.zeros(n, np.uint32)]

    check(moved, arguments, sizes=(1, 31, 32, 33, 100))


def test_lanes_that_part_take_no_part():
    # parted : void (int* X, int** Y, uint32** M)
    def parted(X, Y, M):
        v = X[idx]
        if v % 3 == 0:
            M[0, idx] = activemask()
            Y[0, idx] = shfl_down(v, 1)
            if v % 2:
                Y[1, idx] = shfl_xor(v, 3)
                M[1, idx] = ballot(v > 0)
            else:
                Y[1, idx] = shfl(v, 7)
        elif v > 0:
            M[0, idx] = ballot(v % 2)
        Y[2, idx] = shfl_up(v, 1)
        M[2, idx] = activemask()

    def arguments(n):
        return [
            integers(n, low=-50, high=50),
            np.zeros((3, n), np.int32),
            np.zeros((3, n), np.uint32),
        ]

    check(parted, arguments, sizes=(64, 128))


def test_turns_of_loops_that_lanes_leave_one_by_one():
    # turns : void (int* X, int* Y, uint32* M)
    def turns(X, Y, M):
        v = X[idx]
        total = 0
        for i in range(v % 7):
            if i == v % 3:
                continue
            total += shfl_down(v + i, 1)
            if total % 5 == 1:
                total += shfl_xor(i, 2)
                break
        while any(total < 10):
            total += popc(ballot(total % 2)) + 1
        Y[idx] = total
        M[idx] = activemask()

    def arguments(n):
        return [integers(n, low=0, high=90), np.zeros(n, np.int32), np.zeros(n, np.uint32)]

    check(turns, arguments)


def test_threads_that_have_returned_take_no_part():
    # leave : void (int* X, int* Y, uint32* M)
    def leave(X, Y, M):
        v = X[idx]
        if v < 0:
            return
        M[idx] = activemask()
        Y[idx] = shfl_up(v, 1)

    def arguments(n):
        return [integers(n, low=-20, high=30), np.zeros(n, np.int32), np.zeros(n, np.uint32)]

    check(leave, arguments, sizes=(64, 192))


def test_short_circuits_leave_lanes_out():
    # circuits : void (int* X, bool** Y, int* Z)
    def circuits(X, Y, Z):
        v = X[idx]
        Y[0, idx] = v > 0 and any(v > 20)
        Y[1, idx] = v > 0 or all(v < -10)
        Z[idx] = shfl_xor(v, 1) if v % 2 else popc(activemask())

    def arguments(n):
        return [integers(n, low=-30, high=30), np.zeros((2, n), bool), np.zeros(n, np.int32)]

    check(circuits, arguments)


@pytest.mark.parametrize("block", [(32, 1, 1), (96, 1, 1), (50, 1, 1), (7, 1, 1)])
def test_blocks_that_end_inside_a_warp(block):
    # ends : void (int* X, int* Y, uint32* M, int* L, int* W)
    def ends(X, Y, M, L, W):
        v = X[idx] if idx < len(X) else 0
        for d in (16, 8, 4, 2, 1):
            v += shfl_down(v, d)
        m = activemask()
        if idx < len(X):
            Y[idx] = v
            M[idx] = m
            L[idx] = lane_id()
            W[idx] = warp_id()

    def arguments(n):
        numbers = [np.zeros(n, np.int32) for _ in range(3)]
        return [integers(n, low=-50, high=50), numbers[0], np.zeros(n, np.uint32), *numbers[1:]]

    check(ends, arguments, sizes=(1, 33, 100), block=block)


@pytest.mark.parametrize(
    "block", [(16, 4, 1), (8, 8, 1), (5, 7, 1), (4, 3, 5), (32, 2, 1), (64, 2, 1), (1, 40, 1)]
)
def test_warps_of_planes(block):
    bx, by, bz = block

    # planes : void (int* X, int** Y, uint32* M)
    def planes(X, Y, M):
        i = threadIdx.x + bx * (threadIdx.y + by * threadIdx.z)
        v = X[i] + idy
        Y[0, i] = shfl_down(v, 3)
        Y[1, i] = lane_id() + 100 * warp_id()
        Y[2, i] = idx + 10 * idy + 100 * cp.idz
        if threadIdx.y % 2 == 0:
            Y[3, i] = shfl_xor(v, 1)
            M[i] = ballot(v > 0)

    def arguments(n):
        threads = bx * by * bz
        return [
            integers(threads, low=-50, high=50),
            np.zeros((4, threads), np.int32),
            np.zeros(threads, np.uint32),
        ]

    check(planes, arguments, sizes=(1,), block=block, threads=lambda n: block)


def test_masks_of_lanes():
    # masked : void (int* X, int** Y, uint32** M, bool** B)
    def masked(X, Y, M, B):
        v = X[idx]
        half = 0xFFFF if lane_id() < 16 else 0xFFFF0000
        M[0, idx] = ballot_sync(half, v > 0)
        M[1, idx] = match_any_sync(half, v)
        B[0, idx] = any_sync(half, v > 8)
        B[1, idx] = all_sync(half, v > -9)
        Y[0, idx] = shfl_sync(0xFFFFFFFF, v, 3, 16)
        Y[1, idx] = shfl_down_sync(half, v, 1, 16)
        if v > 0:
            Y[2, idx] = shfl_xor_sync(activemask(), v, 1)
            Y[3, idx] = shfl_up_sync(activemask(), v, 2)
        syncwarp(0xFFFFFFFF)

    def arguments(n):
        return [
            integers(n, low=-10, high=10),
            np.zeros((4, n), np.int32),
            np.zeros((2, n), np.uint32),
            np.zeros((2, n), bool),
        ]

    check(masked, arguments)


def warp_sum(v):
    for d in (16, 8, 4, 2, 1):
        v += shfl_down(v, d)
    return v


def test_reduction_of_a_block():
    # total : void (float* X, float* Y)
    def total(X, Y):
        parts = shared(32, float)
        v = warp_sum(X[idx] if idx < len(X) else 0.0)
        if lane_id() == 0:
            parts[warp_id()] = v
        syncthreads()
        if warp_id() == 0:
            v = parts[lane_id()] if lane_id() < blockDim.x // 32 else 0.0
            v = warp_sum(v)
            if lane_id() == 0:
                Y[cp.blockIdx.x] = v

    check(
        [total, warp_sum],
        lambda n: [
            integers(n, low=-9, high=9).astype(np.float32),
            np.zeros(n // 128 + 1, np.float32),
        ],
        sizes=(1, 127, 128, 300),
        block=(128, 1, 1),
    )


def test_scan_of_a_warp():
    # scan : void (int* X, int* Y)
    def scan(X, Y):
        lane = lane_id()
        v = X[idx] if idx < len(X) else 0
        offset = 1
        while offset < 32:
            before = shfl_up(v, offset)
            if lane >= offset:
                v += before
            offset *= 2
        if idx < len(X):
            Y[idx] = v

    check(scan, lambda n: [integers(n, low=-9, high=9), np.zeros(n, np.int32)], sizes=(1, 32, 70))


def test_compaction_by_a_ballot():
    # compact : void (int* X, int* Y, int* counts)
    def compact(X, Y, counts):
        v = X[idx]
        keep = v > 0
        mask = ballot(keep)
        before = popc(mask & ((1 << lane_id()) - 1))
        if keep:
            Y[idx - lane_id() + before] = v
        if lane_id() == 0:
            counts[idx // 32] = popc(mask)

    check(
        compact,
        lambda n: [integers(n, low=-9, high=9), np.zeros(n, np.int32), np.zeros(n // 32, np.int32)],
    )


def test_shared_elements_of_neighbours_after_syncwarp():
    # swap : void (int* X, int* Y)
    def swap(X, Y):
        held = shared(64, int)
        held[threadIdx.x] = X[idx]
        syncwarp()
        Y[idx] = held[threadIdx.x ^ 1]
        syncthreads()
        held[threadIdx.x] = shfl_xor(X[idx], 2)
        syncwarp()
        Y[idx] += held[threadIdx.x ^ 1]

    check(swap, lambda n: [integers(n), np.zeros(n, np.int32)], sizes=(64, 128))


def test_operations_inside_of_others():
    # nested : void (int* X, int* Y)
    def nested(X, Y):
        v = X[idx]
        Y[idx] = shfl(shfl_up(v, 1) + v, popc(ballot(v > 0)) % 32) + shfl_down(v, v % 8)

    check(nested, lambda n: [integers(n, low=-90, high=90), np.zeros(n, np.int32)])


def test_lane_and_warp_numbers_alone():
    # places : void (int* L, int* W)
    def places(L, W):
        L[idx] = lane_id()
        W[idx] = warp_id()

    differential(
        places,
        lambda n: [np.zeros(n, np.int32), np.zeros(n, np.int32)],
        block=(64, 1, 1),
        sizes=lambda gang: [1, 40, 130],
    )


def test_faults_name_the_thread_of_a_warp_of_several_rows():
    # out : void (int* X, int* Y)
    def out(X, Y):
        v = shfl_down(X[0], 1)
        if idy == 3 and idx == 2:
            Y[idx + 100] = v

    with pytest.raises(IndexError, match="idx = 2, idy = 3, idz = 0") as raised:
        cp.compile(out)(4, 8, block=(4, 8))(np.zeros(4, np.int32), np.zeros(8, np.int32))
    assert "102" in str(raised.value)


def test_prints_of_a_warp_of_several_rows(capsys):
    # show : void (int* X)
    def show(X):
        v = shfl_xor(X[idx + 4 * idy], 1)
        if v % 2:
            print(idx, idy, v)

    cp.compile(show)(4, 8, block=(4, 8))(np.arange(32, dtype=np.int32))
    cp.synchronize()
    expected = [f"{i % 4} {i // 4} {i ^ 1}" for i in range(32) if (i ^ 1) % 2]
    assert capsys.readouterr().out.splitlines() == expected


def first_vote(x):
    while True:
        x -= 1
        if any(x < 3):
            return 1
        if x < 0:
            return 0


def voting_where_it_stores(A, R):
    if idx < len(A):
        R[idx * first_vote(A[idx])] = A[idx]
        R[idx * first_vote(A[idx])] += 1


def test_votes_in_the_index_of_a_store():
    differential(
        voting_where_it_stores,
        lambda n: [integers(n, 0, "int32", 3, 9), np.zeros(n, "int32")],
        targets=WARPS,
    )
