"""What files say of guests: the window for maintenance, the mail server, the options of a flavour."""

from typing import Annotated

from pydantic import Field

from components.config.shape import Shape
from components.config.texts import Option, Text, TimeOfDay, Weekday
from components.domain import guests as domain


class MaintenanceShape(Shape):
    """When a VPS may be rebooted, every week, in UTC."""

    day: Weekday = domain.Maintenance().day
    """monday to sunday."""
    opens: Annotated[TimeOfDay, Field(alias="from")] = domain.Maintenance().opens
    """Time of day in quotes, like "03:00"."""
    hours: Annotated[int, Field(ge=1, le=24)] = domain.Maintenance().hours

    def domain(self) -> domain.Maintenance:
        """The window."""
        return domain.Maintenance(day=self.day, opens=self.opens, hours=self.hours)


class GuestsShape(Shape):
    """What holds for every guest."""

    maintenance: MaintenanceShape | None = None
    """When a VPS may be rebooted whose own file says nothing; left out: on Sundays from 03:00 for 2 hours."""
    smarthost: Annotated[Text | None, Field(pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$")] = None
    """The mail server that takes what guests send, like mail.example:587; left out: mail stays on the guest."""

    def domain(self) -> domain.Guests:
        """The settings."""
        window = self.maintenance.domain() if self.maintenance else domain.Maintenance()
        return domain.Guests(maintenance=window, smarthost=self.smarthost or "")


Options = Annotated[
    dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")], Option],
    Field(default_factory=dict),
]
"""Settings of the image's flavour, by their names; what they mean stands in the flavour's README."""


def options(declared: dict[str, bool | int | str | list[str]]) -> domain.Options:
    """The options as the domain has them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in declared.items()}
