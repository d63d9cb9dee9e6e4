"""What a rule is: a generator of sentences over a resource of ours, with a name. It knows nothing of the engine."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from policies.declared import DeclaredError, UndeclaredError
from policies.machine import Resource

Judge = Callable[[Resource], Iterator[str]]
Level = Literal["mandatory", "advisory"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule over every `vps:index:*` resource, or foreign ones; each sentence of `judge` is a violation."""

    name: str
    description: str
    judge: Judge
    level: Level = "mandatory"
    foreign: bool = False
    """Whether it is about resources of other providers, and none of ours."""

    def violations(self, found: Resource, let_through: tuple[type[Exception], ...] = ()) -> Iterator[str]:
        """The sentences over one resource. A rule that can't judge says so by its name, as a violation.

        An exception in a policy would stop the whole operation without a word to the operator, so none leaves but
        those of `let_through`.
        """
        if found.is_ours is not self.foreign:
            yield from (sentence for _, sentence in judged(found, (self,), let_through))


def judged(
    found: Resource, rules: Iterable[Rule], let_through: tuple[type[Exception], ...] = ()
) -> Iterator[tuple[Rule, str]]:
    """What these rules, which are for such resources, say of one: as `Rule.violations` of each, and quicker."""
    for rule in rules:
        try:
            for sentence in rule.judge(found):
                yield rule, sentence
        except let_through:
            raise
        except UndeclaredError:
            continue
        except DeclaredError as error:
            yield rule, f"{found.name}: {rule.name} can't judge: {error}"
        except Exception as error:  # noqa: BLE001 - a rule that fails must stop the change, by its name
            yield rule, f"{found.name}: {rule.name} can't judge: {type(error).__name__}: {error}"
