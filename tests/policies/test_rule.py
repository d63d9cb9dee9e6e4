"""What a rule says, and how it becomes a policy."""

import pytest

from policies.declared import DeclaredError
from policies.machine import Resource
from policies.pack import policy
from policies.rule import Rule, judged


def run(policy, args):
    found = []
    policy.validate(args, lambda message, urn=None: found.append(message))
    return found


class Args:
    resource_type = "vps:index:Machine"
    name = "m"
    props = {"title": "a/b"}  # noqa: RUF012
    opts = None


def test_each_sentence_is_a_violation():
    made = policy(Rule("r", "d", lambda found: iter([f"{found.title}: one", "two"])))
    assert run(made, Args) == ["a/b: one", "two"]
    assert (made.name, made.description) == ("r", "d")


def test_only_our_resources_are_judged():
    class Other(Args):
        resource_type = "other:index:Machine"

    assert run(policy(Rule("r", "d", lambda _: iter(["violation"]))), Other) == []


def test_a_rule_that_can_not_judge_says_so_by_name():
    def judge(found):
        yield "before"
        raise DeclaredError("catalogue.yaml is gone. Put it back.")

    assert run(policy(Rule("r", "d", judge)), Args) == [
        "before",
        "m: r can't judge: catalogue.yaml is gone. Put it back.",
    ]


def test_rules_are_asked_together_as_each_alone():
    """Also when one can't judge: the others are still asked."""

    def broken(_):
        yield "before"
        raise DeclaredError("it is gone. Put it back.")

    rules = [Rule("a", "d", broken), Rule("b", "d", lambda found: iter([found.name]))]
    found = Resource(type="vps:index:Machine", name="m", protected=True, properties={})
    together = [(rule.name, sentence) for rule, sentence in judged(found, rules)]
    assert together == [(rule.name, sentence) for rule in rules for sentence in rule.violations(found)]
    assert together == [("a", "before"), ("a", "m: a can't judge: it is gone. Put it back."), ("b", "m")]


def test_rules_of_others_resources_keep_silent_over_ours():
    ours = Resource(type="vps:index:Machine", name="m", protected=True, properties={})
    theirs = Resource(type="libvirt:index/domain:Domain", name="m", protected=True, properties={})
    about = Rule("a", "d", lambda _: iter(["said"]))
    foreign = Rule("b", "d", lambda _: iter(["said"]), foreign=True)
    assert [list(rule.violations(found)) for rule in (about, foreign) for found in (ours, theirs)] == [
        ["said"],
        [],
        [],
        ["said"],
    ]


def test_a_rule_that_breaks_is_a_violation_unless_its_caller_wants_that_exception():
    def judge(_):
        raise KeyError("title")
        yield

    found = Resource(type="vps:index:Machine", name="m", protected=True, properties={})
    assert list(Rule("r", "d", judge).violations(found)) == ["m: r can't judge: KeyError: 'title'"]
    with pytest.raises(KeyError):
        list(Rule("r", "d", judge).violations(found, let_through=(KeyError,)))
