"""What is left of a broken file when its broken parts are taken out, so that the rest is judged in the same run.

A draft serves the rules only; nothing is ever applied from it.
"""

import copy
from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from components.config.shape import FileShape, Shape, Steps, location, model_at

File = TypeVar("File", bound=FileShape)
_ROUNDS = 20


def draft(data: Mapping[str, object], model: type[File]) -> tuple[File | None, frozenset[Steps]]:
    """The file without what `model` refuses, and the paths that were taken out or stood in for.

    Lists are taken out whole, so that the numbers in paths stay those of the file. None when nothing sensible is left.
    """
    rest: dict[str, object] = copy.deepcopy(dict(data))
    dropped: set[Steps] = set()
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(rest), frozenset(dropped)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                path = location(detail)
                if detail["type"] == "missing":
                    if _stand_in(rest, path, model):
                        dropped.add(path)
                        continue
                    path = path[:-1]
                numbers = [index for index, step in enumerate(path) if isinstance(step, int)]
                path = path[: numbers[0]] if numbers else path
                if not path:
                    return None, frozenset()
                dropped.add(path)
                _remove(rest, path)
    return None, frozenset()


def _stand_in(rest: dict[str, object], path: Steps, model: type[FileShape]) -> bool:
    owner, holder = model_at(model, path[:-1]), _holder(rest, path)
    if holder is None or owner is None or not issubclass(owner, Shape) or path[-1] not in owner.stand_ins:
        return False
    holder[str(path[-1])] = copy.deepcopy(owner.stand_ins[str(path[-1])])
    return True


def _remove(rest: dict[str, object], path: Steps) -> None:
    holder = _holder(rest, path)
    if holder is not None:
        holder.pop(str(path[-1]), None)


def _holder(rest: dict[str, object], path: Steps) -> dict[str, object] | None:
    """The mapping that holds the last step of `path`; None when a list is on the way."""
    holder: object = rest
    for step in path[:-1]:
        holder = holder.get(str(step)) if isinstance(holder, dict) else None
    return holder if isinstance(holder, dict) else None
