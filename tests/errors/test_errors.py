"""Messages as documents: each `.md` file here holds a program with a mistake and, below it, the message that it gets.

A document has a title, a block of Python, and a block of text: the exception as Python would print it, with the folder
of the program left out. `pytest tests/errors --accept` rewrites the text with what cudapy says today; read the diff.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOCUMENTS = sorted(HERE.glob("*.md"))
FORM = re.compile(r"\A(# [^\n]+\n.*?```python\n)(.*?)(```\n\n```text\n)(.*?)(```\n)\Z", re.DOTALL)


def message_of(program: str, name: str, folder: Path) -> str | None:
    """What the program raises, as the last lines of its traceback; None if it raises nothing."""
    path = folder / f"{name}.py"
    path.write_text(program, encoding="utf-8")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # Python's own remark on `is 0`
            code = compile(program, str(path), "exec", dont_inherit=True)
        exec(code, {"__name__": name, "__file__": str(path)})
    except Exception as error:
        kind = type(error)
        prefix = "" if kind.__module__ == "builtins" else kind.__module__ + "."
        return f"{prefix}{kind.__qualname__}: {error}".replace(f"{folder}/", "") + "\n"
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_message(document: Path, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    text = document.read_text(encoding="utf-8")
    parts = FORM.match(text)
    assert parts, f"{document.name} needs a title, a block of Python and a block of text"
    head, program, between, expected, tail = parts.groups()
    found = message_of(program, document.stem, tmp_path)
    assert found is not None, f"the program of {document.name} raises nothing"
    if pytestconfig.getoption("--accept", default=False) and found != expected:
        document.write_text(head + program + between + found + tail, encoding="utf-8")
        return
    assert expected.strip(), f"{document.name} has no message: run pytest tests/errors --accept"
    assert found == expected


def test_there_are_enough_documents() -> None:
    codes = set()
    for document in DOCUMENTS:
        codes.update(re.findall(r"error\[([a-z-]+)\]", document.read_text(encoding="utf-8")))
    assert len(DOCUMENTS) >= 30
    assert len(codes) >= 25, "the documents show too few kinds of mistakes"


def test_a_program_without_a_mistake_fails_its_document(tmp_path: Path) -> None:
    assert message_of("x = 1\n", "fine", tmp_path) is None
