"""Prints what pip must install: the build's requirements and those of the extras named.

    requirements.py EXTRA...

pyproject.toml is the one place that lists them. `build` stands for `[build-system]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    from pip._vendor import tomli as tomllib


def requirements(extras: list[str]) -> list[str]:
    """The sorted requirements of `[build-system]` (as `build`) and of the project's extras."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    optional = project["project"]["optional-dependencies"]
    found: set[str] = set()
    for extra in extras:
        if extra == "build":
            found.update(project["build-system"]["requires"])
        found.update(optional.get(extra, ()))
        if extra != "build" and extra not in optional:
            raise SystemExit(f"pyproject.toml has no extra named {extra!r}")
    return sorted(found)


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1:])))
