"""How rules become policies."""

from policies.declared import DeclaredError
from policies.rule import rule


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
    policy = rule("r", "d", lambda found: iter([f"{found.title}: one", "two"]))
    assert run(policy, Args) == ["a/b: one", "two"]
    assert (policy.name, policy.description) == ("r", "d")


def test_only_our_resources_are_judged():
    class Other(Args):
        resource_type = "other:index:Machine"

    assert run(rule("r", "d", lambda _: iter(["violation"])), Other) == []


def test_a_rule_that_can_not_judge_says_so_by_name():
    def judge(found):
        yield "before"
        raise DeclaredError("catalogue.yaml is gone. Put it back.")

    assert run(rule("r", "d", judge), Args) == ["before", "m: r can't judge: catalogue.yaml is gone. Put it back."]
