"""The scripts' own logic: what they count, ask for, and say when they may not install."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ["script/setup", "script/demo", "script/test", "script/bench", ".ci/run", ".ci/tidy"]


def run(*command: str, **options) -> subprocess.CompletedProcess[str]:
    """Runs a command and keeps what it said."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_parse_and_can_be_run(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert run("bash", "-n", str(ROOT / script)).returncode == 0


CPP = """<testsuite>
<testcase name="a" status="run"/>
<testcase name="b" status="fail"><failure/></testcase>
<testcase name="c" status="notrun"><skipped/></testcase>
</testsuite>"""
PYTHON = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"/>
<testcase name="c"><skipped/></testcase>
<testcase name="d"><error/></testcase>
</testsuite></testsuites>"""


def totals(tmp_path: Path, **reports: str) -> tuple[int, list[str]]:
    """Exit status and lines of test_totals.py over these reports."""
    for name, text in reports.items():
        (tmp_path / f"{name}.xml").write_text(text)
    files = [str(tmp_path / f"{name}.xml") for name in ("cpp", "python")]
    done = run(sys.executable, str(ROOT / "script" / "test_totals.py"), *files)
    return done.returncode, done.stdout.splitlines()


def test_totals_count_both_reports(tmp_path: Path) -> None:
    status, lines = totals(tmp_path, cpp=CPP, python=PYTHON)
    assert (status, lines) == (1, ["3 passed, 2 failed, 2 skipped"])


def test_totals_pass_when_nothing_failed(tmp_path: Path) -> None:
    good = '<testsuite><testcase name="a"/></testsuite>'
    assert totals(tmp_path, cpp=good, python=good) == (0, ["2 passed, 0 failed, 0 skipped"])


def test_totals_refuse_a_missing_or_empty_report(tmp_path: Path) -> None:
    status, lines = totals(tmp_path, cpp="<testsuite/>")
    assert status == 1
    assert [line.split(": ")[-1] for line in lines[:-1]] == [
        "no test ran",
        "the run wrote no report",
    ]


def test_requirements_come_from_the_project_file() -> None:
    script = str(ROOT / "script" / "requirements.py")
    done = run(sys.executable, script, "build", "test")
    names = {re.split(r"[<>=~\[]", line)[0] for line in done.stdout.split()}
    assert {"nanobind", "scikit-build-core", "cmake", "pytest", "hypothesis", "numpy"} <= names
    wrong = run(sys.executable, script, "nonsense")
    assert wrong.returncode != 0 and "nonsense" in wrong.stderr


@pytest.fixture
def bare_checkout(tmp_path: Path) -> Path:
    """The scripts in a checkout that was never set up, on a machine that lacks packages and where
    nobody may install any: `dpkg-query`, `id` and `sudo` are stood in for."""
    checkout = tmp_path / "checkout"
    (checkout / "script").mkdir(parents=True)
    for name in ("setup", "environment.sh", "requirements.py"):
        source = ROOT / "script" / name
        (checkout / "script" / name).write_bytes(source.read_bytes())
        (checkout / "script" / name).chmod(source.stat().st_mode)
    (checkout / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    commands = {"dpkg-query": "echo unknown", "id": "echo 1000", "sudo": "exit 1"}
    for name, body in commands.items():
        stand_in = tmp_path / "bin" / name
        stand_in.parent.mkdir(exist_ok=True)
        stand_in.write_text(f"#!/bin/sh\n{body}\n")
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    return checkout


def test_setup_says_what_to_install_when_it_may_not(bare_checkout: Path) -> None:
    path = f"{bare_checkout.parent / 'bin'}:{os.environ['PATH']}"
    done = run(str(bare_checkout / "script" / "setup"), "test", env=os.environ | {"PATH": path})
    assert done.returncode == 1
    command = re.search(r"sudo apt-get install -y (.*)", done.stderr)
    assert command, done.stderr
    assert {"g++", "llvm-22-dev", "libgtest-dev"} <= set(command[1].split())
    assert not (bare_checkout / ".venv").exists()


def test_setup_refuses_an_unknown_purpose() -> None:
    done = run(str(ROOT / "script" / "setup"), "nonsense", cwd="/")
    assert done.returncode == 1
    assert "nonsense" in done.stderr
