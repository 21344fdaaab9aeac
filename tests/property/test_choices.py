"""The source of choices behind generated programs: what fails is drawn again, smaller, and nothing else is."""

from __future__ import annotations

import re

import pytest

from property.choices import Choices, Refused, check_many, smaller
from property.programs import draw_program


def numbers(choices: Choices) -> list[int]:
    return [choices.number(0, 99) for _ in range(choices.number(0, 50))]


def has_two_large(drawn: list[int]) -> None:
    assert sum(number > 60 for number in drawn) < 2


def test_what_fails_is_made_as_small_as_it_can_be() -> None:
    shown = []
    with pytest.raises(AssertionError):
        check_many(1000, "seed", numbers, lambda drawn: (shown.append(drawn), has_two_large(drawn)))
    assert shown[-1] == [61, 61]


def test_a_program_is_made_small_with_its_statements_and_expressions() -> None:
    def check(program: object) -> None:
        assert not re.search(r"math\.sqrt\(abs\(", program.text)

    failing = next(
        choices
        for seed in range(100)
        for choices in [Choices(seed)]
        if "math.sqrt" in draw_program(choices).text
    )
    before = draw_program(Choices(given=failing.made)).text
    after = draw_program(Choices(given=smaller(failing, draw_program, check))).text
    assert "math.sqrt(abs(" in before and "math.sqrt(abs(" in after
    kernel = after.partition("def kernel")[2]
    assert len(kernel.splitlines()) < 14 and len(kernel) < len(before) / 2, after


def test_what_is_refused_does_not_count_and_may_not_be_all() -> None:
    checked = []

    def check(number: int) -> None:
        if number % 3:
            raise Refused
        checked.append(number)

    with pytest.raises(AssertionError, match="were refused"):
        check_many(100, 0, lambda choices: choices.number(1, 9), check)
    checked.clear()
    check_many(100, 0, lambda choices: 3 * choices.number(1, 9), check)
    assert len(checked) == 100


def test_the_same_seed_gives_the_same_programs_and_another_one_others() -> None:
    texts = [draw_program(Choices(seed)).text for seed in ("a", "a", "b")]
    assert texts[0] == texts[1] != texts[2]
