"""The rules as policies of Pulumi's, which its engine asks about every resource that it is about to register."""

from pulumi_policy import EnforcementLevel, ReportViolation, ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from policies import levels
from policies.foreign import PROVIDERS
from policies.machine import OURS, Resource
from policies.rule import Rule
from policies.rules import RULES


def policy(rule: Rule) -> ResourceValidationPolicy:
    """What the rule says, reported. A preview's unknown value is the engine's to report; `up` judges it."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if not args.resource_type.startswith((OURS, *PROVIDERS)):
            return
        protected = args.opts is not None and args.opts.protect
        found = Resource(type=args.resource_type, name=args.name, protected=protected, properties=args.props)
        for sentence in rule.violations(found, let_through=(UnknownValueError,)):
            report(sentence, None)

    level = EnforcementLevel(levels.level(rule))
    return ResourceValidationPolicy(
        name=rule.name, description=rule.description, validate=validate, enforcement_level=level
    )


POLICIES = tuple(map(policy, RULES))
