"""Rules for what is sold beside packages and for how support is reached (contract OPT-2, SUP-22)."""

import re
from collections.abc import Iterator

from components.domain.fleet import Fleet
from components.domain.names import is_label
from components.domain.problems import Problem
from components.domain.rules.hosts import EMAIL
from components.domain.rules.references import choice
from components.domain.services import SERVICE_KINDS, Service

_URL = re.compile(r"https://[a-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?", re.ASCII)
_ROW = re.compile(r"(?:WORK|VIP|OPT|SUP|PAY|DDOS)-[1-9][0-9]?", re.ASCII)


def problems(fleet: Fleet) -> Iterator[Problem]:
    """What is wrong with `support` of fleet.yaml and `services` of catalogue.yaml."""
    support = fleet.support
    if support is not None:
        if not EMAIL.fullmatch(support.email):
            message = f'"{support.email}" is no e-mail address.'
            yield Problem(
                code="bad-email",
                path=("support", "email"),
                message=message,
                remedy="Write it like help@hoster.example.",
            )
        if support.url and not _URL.fullmatch(support.url):
            message = f'"{support.url}" is no address of a page that clients may be sent to.'
            yield Problem(
                code="bad-url",
                path=("support", "url"),
                message=message,
                remedy="Write it whole, like https://help.example/.",
            )
    for key, service in fleet.services.items():
        yield from _service(key, service)
        for language in service.translations:
            path = ("services", key, "translations", language)
            yield from choice(
                path, language, fleet.languages, "language in which support is given", code="bad-language"
            )


def _service(key: str, service: Service) -> Iterator[Problem]:
    path = ("services", key)
    if not is_label(key):
        remedy = "Use lower-case letters, digits and hyphens."
        yield Problem(code="bad-name", path=path, message=f'"{key}" is no name for a service.', remedy=remedy)
    yield from choice((*path, "kind"), service.kind, SERVICE_KINDS, "kind of service", code="unknown-service-kind")
    if service.currency and not re.fullmatch(r"[A-Z]{3}", service.currency):
        message = f'"{service.currency}" is no currency.'
        yield Problem(
            code="bad-currency", path=(*path, "currency"), message=message, remedy="Write three letters, like USD."
        )
    if service.row and not _ROW.fullmatch(service.row):
        message = f'"{service.row}" is no row of the contract.'
        yield Problem(code="bad-row", path=(*path, "row"), message=message, remedy="Write it like WORK-13.")
