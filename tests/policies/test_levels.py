"""How strict rules are, as the fleet says."""

import pytest
from pulumi_policy import EnforcementLevel

from policies import levels
from policies.pack import policy
from policies.rules import NAMES, RULES

RULE = "levels-are-known"
ADVISED = next(rule for rule in RULES if rule.name == "backups-have-a-target")
ORDERED = next(rule for rule in RULES if rule.name == "keys-only")


def test_without_a_file_each_rule_has_its_own(fleet, judge, machine):
    assert [levels.level(rule) for rule in RULES] == [rule.level for rule in RULES]
    assert judge(machine, RULE) == []


def test_the_file_sets_levels(fleet, judge, machine):
    fleet.write("policies.yaml", "levels: {backups-have-a-target: mandatory, keys-only: disabled}\n")
    assert levels.level(ADVISED) == "mandatory"
    assert levels.level(ORDERED) == "disabled"
    assert policy(ADVISED).enforcement_level is EnforcementLevel.MANDATORY
    assert policy(ORDERED).enforcement_level is EnforcementLevel.DISABLED
    assert judge(machine, RULE) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("levels: {key-only: advisory}", "sets the level of key-only, which is no rule"),
        ("levels: {keys-only: lenient}", 'sets keys-only to "lenient". Write one of disabled, advisory, mandatory.'),
        ("levels: {levels-are-known: disabled}", "which is no rule whose level can be set"),
        ("levels: [keys-only]", "holds something else than"),
        ("level: {keys-only: advisory}", "holds something else than"),
        ("levels: {keys-only: [a]}", 'sets keys-only to ""'),
        ("levels: {", "can't be read"),
        ("", "holds something else than"),
    ],
)
def test_a_broken_file_lowers_nothing_and_is_named(fleet, judge, machine, text, words):
    fleet.write("policies.yaml", text)
    assert [levels.level(rule) for rule in RULES] == [rule.level for rule in RULES]
    (message,) = judge(machine, RULE)
    assert message.startswith("policies.yaml ")
    assert words in message


def test_every_rule_but_one_can_be_set(fleet):
    listed = "\n".join(f"  {name}: advisory" for name in sorted(NAMES - {levels.FIXED}))
    fleet.write("policies.yaml", f"levels:\n{listed}\n")
    assert list(levels.problems(fleet.folder, NAMES)) == []
    assert {levels.level(rule) for rule in RULES if rule.name != levels.FIXED} == {"advisory"}


def test_what_is_lowered_is_said(fleet):
    fleet.write(
        "policies.yaml", "levels: {backups-have-a-target: mandatory, keys-only: disabled, term-is-sold: mild}\n"
    )
    assert list(levels.lowered(fleet.folder, RULES)) == [
        "policies.yaml lowers keys-only of the policy pack from mandatory to disabled."
    ]
    fleet.write("policies.yaml", "levels: [")
    assert list(levels.lowered(fleet.folder, RULES)) == []


def test_a_broken_file_is_named_with_its_line(fleet):
    fleet.write("policies.yaml", "levels: {\n  keys-only: [\n")
    (message,) = levels.problems(fleet.folder, NAMES)
    assert message.startswith("policies.yaml can't be read: did not find expected ")
    assert "(line 3)" in message
    fleet.write("policies.yaml", b"levels:\xff {}")
    (message,) = levels.problems(fleet.folder, NAMES)
    assert message.startswith("policies.yaml can't be read: byte 8 is no text (UTF-8). Mend it")
