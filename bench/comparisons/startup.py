"""What `import cudapy` adds to a bare interpreter: whole processes, start to end, in turn."""

from statistics import median

from comparison import Comparison, Settings
from fresh_process import seconds_of
from rounds import Measured

BARE = "a bare interpreter"
PROGRAMS = {
    BARE: "pass",
    "import cudapy": "import cudapy",
    "import cudapy, and its core": "from cudapy import CudaArray",
    "import numpy": "import numpy",
    "import numba": "import numba",
}


def compare(settings: Settings) -> list[Comparison]:
    rows = {name: Measured(name) for name in PROGRAMS}
    rounds = settings.pick(41, 11, 2)
    for turn in range(-1, rounds):  # the first warms the file system
        for name, program in PROGRAMS.items():
            slow = name == "import numba" and turn % 5 != 0
            seconds = None if slow else seconds_of(program)
            if turn >= 0:
                rows[name].samples.append(seconds)
    comparison = Comparison("a process that does nothing else", list(rows.values()), BARE)
    comparison.at_most(
        25, "ms", "import cudapy over a bare interpreter", 1e3 * _over_bare(rows, "import cudapy")
    )
    return [comparison]


def _over_bare(rows: dict[str, Measured], name: str) -> float:
    return median(a - b for a, b in zip(rows[name].taken, rows[BARE].taken, strict=True))
