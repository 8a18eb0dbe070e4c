"""The one error that a person is meant to act on."""

import pickle

from tidemark.core.errors import Problem


def test_a_problem_says_what_and_what_next() -> None:
    problem = Problem("the disk is full", "make room")
    assert str(problem) == "the disk is full. make room"
    assert (problem.what, problem.hint, problem.transient) == ("the disk is full", "make room", False)


def test_a_problem_survives_the_way_from_another_process() -> None:
    sent = pickle.loads(pickle.dumps(Problem("no answer", "run it again", transient=True)))
    assert (sent.what, sent.hint, sent.transient) == ("no answer", "run it again", True)


def test_a_problem_holds_nothing_that_acts_on_a_terminal() -> None:
    problem = Problem("topic \x1b[31m red\r", "look at \u202eit")
    assert (problem.what, problem.hint) == (r"topic \x1b[31m red\r", r"look at \u202eit")
