"""Problems and errors as people read them."""

from components.domain.problems import DomainError, Problem


def test_a_problem_says_place_path_cause_and_remedy() -> None:
    problem = Problem(path=("clients", "coop", 0), message="It is wrong.", remedy="Mend it.", file="c.yaml", line=7)
    assert str(problem) == "c.yaml:7: clients.coop.0: It is wrong. Mend it."


def test_parts_that_are_unknown_are_left_out() -> None:
    assert str(Problem(path=(), message="It is wrong.", remedy="")) == "It is wrong."
    assert str(Problem(path=(), message="It is wrong.", remedy="", file="c.yaml")) == "c.yaml: It is wrong."


def test_an_error_keeps_message_and_remedy_apart() -> None:
    error = DomainError("It is wrong.", "Mend it.")
    assert (error.message, error.remedy, str(error)) == ("It is wrong.", "Mend it.", "It is wrong. Mend it.")
