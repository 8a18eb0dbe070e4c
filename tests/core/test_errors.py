"""The one error that a person is meant to act on."""

from tidemark.core.errors import Problem


def test_a_problem_says_what_and_what_next() -> None:
    problem = Problem("the disk is full", "make room")
    assert str(problem) == "the disk is full. make room"
    assert (problem.what, problem.hint) == ("the disk is full", "make room")
