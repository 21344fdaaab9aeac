"""The stages depend on each other one way, and only the binding knows Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

# What a stage may include besides itself. The compiler's module (codegen, jit) and the runtime are
# not linked with each other; the few headers in CONTRACTS fix what passes between them: the compile
# request, the code image's format, the kernel's ABI and the functions it calls, the instruction
# levels.
ALLOWED = {
    "support": set(),
    "ir": {"support"},
    "frontend": {"ir", "support"},
    "sema": {"frontend", "ir", "support"},
    "transform": {"sema", "frontend", "ir", "support"},
    "codegen": {"transform", "sema", "frontend", "ir", "support"},
    "jit": {"codegen", "transform", "sema", "frontend", "ir", "support"},
    "runtime": {"transform", "sema", "frontend", "ir", "support"},
    "binding": {"runtime", "jit", "transform", "sema", "frontend", "ir", "support"},
}
CONTRACTS = {
    ("runtime", "jit/jit.h"),
    ("codegen", "runtime/cpu/kernel_abi.h"),
    ("codegen", "runtime/cpu/host.h"),
    ("codegen", "runtime/cpu/private_bins.h"),
    ("codegen", "runtime/cuda/kernel_abi.h"),
    ("jit", "runtime/cpu/kernel_abi.h"),
    ("jit", "runtime/cpu/code_image.h"),
    ("jit", "runtime/cpu/host.h"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)


def sources(stage: str) -> list[Path]:
    """A stage's C++ files."""
    return sorted(
        path for path in (SOURCE / stage).rglob("*") if path.suffix in (".h", ".cpp", ".def")
    )


def includes(path: Path) -> list[tuple[str, str]]:
    """The `(bracket, target)` of every include of a file."""
    return INCLUDE.findall(path.read_text())


def violations(stage: str, path: Path, found: list[tuple[str, str]]) -> list[str]:
    """The includes of one file that its stage may not have."""
    wrong = []
    for bracket, target in found:
        if bracket == "<":
            continue
        top = target.split("/")[0]
        if "/" not in target or top not in ALLOWED:
            wrong.append(f'{path}: "{target}" names no stage')
        elif top != stage and top not in ALLOWED[stage] and (stage, target) not in CONTRACTS:
            wrong.append(f'{path}: {stage} may not include "{target}"')
    return wrong


def test_every_stage_is_listed() -> None:
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir()}
    assert folders == set(ALLOWED)


@pytest.mark.parametrize("stage", sorted(ALLOWED))
def test_dependencies_point_one_way(stage: str) -> None:
    wrong = []
    for path in sources(stage):
        wrong += violations(stage, path.relative_to(ROOT), includes(path))
    assert not wrong, "\n".join(wrong)


def test_a_wrong_include_is_found() -> None:
    wrong = violations("ir", Path("x.h"), [('"', "sema/check.h"), ('"', "support/span.h")])
    assert wrong == ['x.h: ir may not include "sema/check.h"']


@pytest.mark.parametrize(
    ("header", "stages"),
    [
        (re.compile(r"^(Python|structmember|frameobject)\.h$|^nanobind/"), {"binding"}),
        (re.compile(r"^llvm(-c)?/"), {"codegen", "jit"}),
    ],
    ids=["Python", "LLVM"],
)
def test_only_these_stages_see(header: re.Pattern[str], stages: set[str]) -> None:
    seen = {
        (stage, path.relative_to(ROOT))
        for stage in ALLOWED
        for path in sources(stage)
        if any(header.match(target) for _, target in includes(path))
    }
    assert {stage for stage, _ in seen} <= stages, sorted(map(str, seen))
