"""How a rule is made: a generator of sentences over a resource of ours becomes a policy of Pulumi's.

An exception in a policy would stop the whole operation without a word to the operator, so none leaves: a rule that
can't judge says so by name, as a violation.
"""

from collections.abc import Callable, Iterator

from pulumi_policy import EnforcementLevel, ReportViolation, ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from policies.declared import DeclaredError
from policies.machine import OURS, Resource

Judge = Callable[[Resource], Iterator[str]]


def rule(
    name: str, description: str, judge: Judge, *, level: EnforcementLevel = EnforcementLevel.MANDATORY
) -> ResourceValidationPolicy:
    """A policy over every `vps:index:*` resource; each sentence that `judge` yields is a violation."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if not args.resource_type.startswith(OURS):
            return
        protected = args.opts is not None and args.opts.protect
        found = Resource(type=args.resource_type, name=args.name, protected=protected, properties=args.props)
        try:
            for sentence in judge(found):
                report(sentence, None)
        except UnknownValueError:
            raise  # A preview's unknown value is the engine's to report; `up` judges it.
        except DeclaredError as error:
            report(f"{args.name}: {name} can't judge: {error}", None)
        except Exception as error:  # noqa: BLE001 - a rule that fails must stop the change, by its name
            report(f"{args.name}: {name} can't judge: {type(error).__name__}: {error}", None)

    return ResourceValidationPolicy(name=name, description=description, validate=validate, enforcement_level=level)
