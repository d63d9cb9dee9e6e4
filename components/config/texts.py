"""The kinds of text that files hold, each parsed once at the edge: quantities, money, dates, address ranges.

Each is an annotated type for the models: its parser for reading, its pattern and examples for the JSON Schema.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from components.domain import guests, units
from components.domain.limits import UNLIMITED
from components.domain.networks import AddressRange, address_of
from components.domain.problems import DomainError
from components.domain.units import Quantity

_MONEY = re.compile(r"(?:0|[1-9][0-9]{0,8})\.[0-9]{2}", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
UNLIMITED_WORD = "unlimited"
MOST_DAYS = 36500
_DATE_REMEDY = 'Write it in quotes, like "2026-12-01".'


def _speaking(parser: Callable[[Any], object]) -> Callable[[Any], object]:
    """`parser` with its DomainError turned into an error of pydantic's that keeps message and remedy apart."""

    def parse(value: Any) -> object:  # noqa: ANN401 - whatever a file holds
        try:
            return parser(value)
        except DomainError as error:
            raise PydanticCustomError(
                "domain", "{message}", {"message": error.message, "remedy": error.remedy}
            ) from None

    return parse


def _text(value: object, remedy: str) -> str:
    if not isinstance(value, str):
        raise DomainError(f"{value!r} is not text.", remedy)
    return value


def parse_date(value: object) -> date:
    """`"2026-12-01"`. Raises DomainError."""
    text = _text(value, _DATE_REMEDY)
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise DomainError(f'"{text}" is no date: {error}.', _DATE_REMEDY) from error
    raise DomainError(f'"{text}" is no date.', _DATE_REMEDY)


def parse_money(value: object) -> Decimal:
    """`"19.00"`: two places after the point, no currency. Raises DomainError."""
    remedy = 'Write it in quotes with two places, like "19.00"; the currency stands in fleet.yaml.'
    text = _text(value, remedy)
    if not _MONEY.fullmatch(text):
        raise DomainError(f'"{text}" is no amount of money.', remedy)
    return Decimal(text)


def _range(value: object, version: int, example: str) -> IPv4Network | IPv6Network:
    remedy = f"Write it like {example}."
    text = _text(value, remedy)
    try:
        found = ip_network(text)
    except ValueError as error:
        raise DomainError(f'"{text}" is no network: {error}.', remedy) from error
    if found.version != version or "/" not in text:
        raise DomainError(f'"{text}" is no IPv{version} network.', remedy)
    return found


def _address(value: object, version: int, example: str) -> IPv4Address | IPv6Address:
    remedy = f"Write it like {example}."
    text = _text(value, remedy)
    try:
        found = address_of(text)
    except ValueError as error:
        raise DomainError(f'"{text}" is no address.', remedy) from error
    if found.version != version:
        raise DomainError(f'"{text}" is no IPv{version} address.', remedy)
    return found


def _either(value: object) -> str:
    remedy = "Write an address or a range, like 198.51.100.0/24."
    text = _text(value, remedy)
    try:
        ip_network(text)
    except ValueError as error:
        raise DomainError(f'"{text}" is no address or range: {error}.', remedy) from error
    return text


def _reserved(value: object) -> AddressRange:
    return AddressRange.parse(_text(value, "Write an address or a range, like 192.0.2.2-192.0.2.9."))


def _filled(value: str) -> str:
    if not value.strip():
        raise DomainError("It is empty.", "Write what it is.")
    if not value.isprintable():
        raise DomainError(f"{value!r} holds characters that can't be shown.", "Keep it to one line of plain text.")
    return value


def _schema(pattern: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


def _quantity(kind: Quantity, *examples: str) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(_speaking(kind.parse)), _schema(kind.pattern, *examples)


def _days(value: object) -> int:
    """Days that can be counted from any date of ours."""
    found = units.DAYS.parse(value)
    if found > MOST_DAYS:
        raise DomainError(f"{found} days are more than a hundred years.", f"Write {MOST_DAYS} days or fewer.")
    return found


def _unlimited(parser: Callable[[Any], int]) -> Callable[[Any], int]:
    """`parser` that also takes the word for a cap that is not there."""
    return lambda value: UNLIMITED if value == UNLIMITED_WORD else parser(value)


def _cap(kind: Quantity, *examples: str) -> tuple[PlainValidator, WithJsonSchema]:
    """A quantity that an adopted machine may lack."""
    pattern = f"{kind.pattern}|^{UNLIMITED_WORD}$"
    return PlainValidator(_speaking(_unlimited(kind.parse))), _schema(pattern, *examples)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise DomainError(f"{value!r} is no whole number above zero.", "Write it without quotes or unit, like 1000.")
    return value


def _weekday(value: object) -> str:
    remedy = f"Write one of {', '.join(guests.WEEKDAYS)}."
    text = _text(value, remedy)
    if text not in guests.WEEKDAYS:
        small = text.lower()
        raise DomainError(f'"{text}" is no day.', f"Write it small: {small}." if small in guests.WEEKDAYS else remedy)
    return text


def _time(value: object) -> str:
    remedy = 'Write hours and minutes in quotes, "00:00" to "23:59".'
    text = _text(value, remedy)
    if not re.fullmatch(_TIME, text):
        raise DomainError(f'"{text}" is no time of day.', remedy)
    return text


def _option(value: object) -> bool | int | str | list[str]:
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    raise DomainError(
        "It is neither true or false nor a whole number, a text or a list of texts.",
        "Write one of these; which it takes stands in the flavour's README.",
    )


_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_NETWORK_4, _ADDRESS_4 = r"^[0-9.]+/[0-9]+$", r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$"
_NETWORK_6, _ADDRESS_6 = r"^[0-9a-fA-F:.]+/[0-9]+$", r"^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$"

Text = Annotated[str, AfterValidator(_speaking(_filled)), Field(min_length=1)]
"""One line of printable text that says something."""

Date = Annotated[date, PlainValidator(_speaking(parse_date)), _schema(r"^\d{4}-\d{2}-\d{2}$", "2026-12-01")]
Money = Annotated[Decimal, PlainValidator(_speaking(parse_money)), _schema(f"^{_MONEY.pattern}$", "19.00")]
Memory = Annotated[int, *_quantity(units.MEMORY, "2 GiB", "512 MiB")]
Disk = Annotated[int, *_quantity(units.DISK, "10 GiB", "1 TiB")]
DiskRate = Annotated[int, *_quantity(units.DISK_RATE, "100 MiB/s")]
NicRate = Annotated[int, *_quantity(units.NIC_RATE, "100 Mbit/s", "1 Gbit/s")]
PercentCap = Annotated[int, *_cap(units.PERCENT, "150 %")]
DiskRateCap = Annotated[int, *_cap(units.DISK_RATE, "100 MiB/s")]
NicRateCap = Annotated[int, *_cap(units.NIC_RATE, "100 Mbit/s", "1 Gbit/s")]
CountCap = Annotated[
    int,
    PlainValidator(_speaking(_unlimited(_count))),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": UNLIMITED_WORD}]}),
]
"""The four caps of a package: an adopted machine may be without, which files call `unlimited`."""
Traffic = Annotated[int, *_quantity(units.TRAFFIC, "1 TB", "500 GB")]
Percent = Annotated[int, *_quantity(units.PERCENT, "150 %")]
Hours = Annotated[int, *_quantity(units.HOURS, "24 h")]
Days = Annotated[int, PlainValidator(_speaking(_days)), _schema(units.DAYS.pattern, "30 days")]
Range4 = Annotated[
    IPv4Network, PlainValidator(_speaking(lambda v: _range(v, 4, "192.0.2.0/24"))), _schema(_NETWORK_4, "192.0.2.0/24")
]
Range6 = Annotated[
    IPv6Network,
    PlainValidator(_speaking(lambda v: _range(v, 6, '"2001:db8:1::/64"'))),
    _schema(_NETWORK_6, "2001:db8:1::/64"),
]
Range = Annotated[str, PlainValidator(_speaking(_either)), _schema(r"^[0-9a-fA-F:.]+(/[0-9]+)?$", "198.51.100.0/24")]
"""An address or a range of either family, as text."""
Address4 = Annotated[
    IPv4Address, PlainValidator(_speaking(lambda v: _address(v, 4, "192.0.2.1"))), _schema(_ADDRESS_4, "192.0.2.1")
]
Address6 = Annotated[
    IPv6Address,
    PlainValidator(_speaking(lambda v: _address(v, 6, '"2001:db8:1::1"'))),
    _schema(_ADDRESS_6, "2001:db8:1::1"),
]
Reserved = Annotated[
    AddressRange, PlainValidator(_speaking(_reserved)), _schema(r"^[0-9a-fA-F:./ -]+$", "192.0.2.2-192.0.2.9")
]
Weekday = Annotated[str, PlainValidator(_speaking(_weekday)), _schema(f"^({'|'.join(guests.WEEKDAYS)})$", "sunday")]
TimeOfDay = Annotated[str, PlainValidator(_speaking(_time)), _schema(_TIME, "03:00")]
"""In UTC."""
Option = Annotated[
    bool | int | str | list[str],
    PlainValidator(_speaking(_option)),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "boolean"},
                {"type": "integer"},
                {"type": "string"},
                {"items": {"type": "string"}, "type": "array"},
            ]
        }
    ),
]
"""A setting of a flavour: one fault for a value of another kind, not one for each kind that it could be."""
