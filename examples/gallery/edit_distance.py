"""How many letters turn one text into another (Levenshtein): the table's diagonals one after the other.

A place of the table needs the three before it, so all places of one diagonal can be computed at once.

    python examples/gallery/edit_distance.py
"""

from __future__ import annotations

import cudapy as cp
import numpy as np
from cudapy import idx

from timing import compare


@cp.kernel
def diagonal(a, b, d, before, last, new):
    """new[i] is the distance of a[:i] and b[:d - i], last and before are the two diagonals before."""
    i = idx
    j = d - i
    if i <= len(a) and 0 <= j <= len(b):
        if i == 0 or j == 0:
            new[i] = d
        else:
            replaced = before[i - 1] + (a[i - 1] != b[j - 1])
            new[i] = min(replaced, last[i - 1] + 1, last[i] + 1)


def codes(text):
    return np.frombuffer(text.encode("latin-1"), np.uint8)


def edit_distance(a, b):
    a, b = codes(a), codes(b)
    before, last, new = (np.zeros(len(a) + 1, np.int32) for _ in range(3))
    for d in range(len(a) + len(b) + 1):
        diagonal(len(a) + 1)(a, b, d, before, last, new)
        before, last, new = last, new, before
    return int(last[len(a)])


def with_numpy(a, b):
    """Row by row; what is inserted in a row depends on the place before, which a running minimum gives."""
    a, b = codes(a), codes(b)
    place = np.arange(len(b) + 1)
    row = place.copy()
    for letter in a:
        above = row
        row = above + 1
        row[1:] = np.minimum(row[1:], above[:-1] + (b != letter))
        row = np.minimum.accumulate(row - place) + place
    return int(row[-1])


def genome(n, seed):
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), n))


def check(size=60):
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == 3
    for a, b in ((genome(size, 1), genome(size + 9, 2)), (genome(1, 3), genome(size, 4))):
        assert edit_distance(a, b) == with_numpy(a, b)


def main(size=6000):
    a, b = genome(size, 1), genome(size, 2)
    compare(f"Two texts of {size:,} letters", lambda: edit_distance(a, b), lambda: with_numpy(a, b))
    print(f"{edit_distance(a, b)} letters have to be changed, inserted or deleted")


if __name__ == "__main__":
    check()
    main()
