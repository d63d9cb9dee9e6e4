"""Rules for `acme` of fleet.yaml and the sites that hang on it (contract OPT-1)."""

import re
from collections.abc import Iterator

from components.domain.authorities import Authority
from components.domain.fleet import Fleet
from components.domain.problems import Problem
from components.domain.rules.hosts import EMAIL
from components.domain.rules.references import NOTHING, Unread

_DIRECTORY = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/[A-Za-z0-9._~%/-]*", re.ASCII)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----", re.ASCII)
MOST_CA_BYTES = 16384
"""The settings of every guest carry it."""


def problems(fleet: Fleet, unread: Unread = NOTHING) -> Iterator[Problem]:
    """What is wrong with the declared authority, and which sites wait for one."""
    if fleet.authority is not None:
        yield from _authority(fleet.authority)
        return
    if unread.covers("acme"):
        return
    for client in fleet.clients.values():
        for vps in client.vps.values():
            sites = vps.panel.ssl_sites if vps.panel else ()
            if sites:
                yield Problem(
                    code="ssl-without-authority",
                    path=("clients", client.key, "vps", vps.key, "panel", "ssl_sites"),
                    message=f"{', '.join(sites)} can't have SSL: the fleet has nobody who gives certificates.",
                    remedy="Declare `acme` in fleet.yaml, with directory and email.",
                    blocks=False,
                )


def _authority(authority: Authority) -> Iterator[Problem]:
    if not _DIRECTORY.fullmatch(authority.directory):
        message = f'"{authority.directory}" is no address of an ACME directory.'
        remedy = "Write it whole, like https://acme-v02.api.letsencrypt.org/directory; others than https are not asked."
        yield Problem(code="acme-directory", path=("acme", "directory"), message=message, remedy=remedy)
    if authority.email and not EMAIL.fullmatch(authority.email):
        message = f'"{authority.email}" is no e-mail address.'
        yield Problem(
            code="bad-email", path=("acme", "email"), message=message, remedy="Write it like hostmaster@hoster.example."
        )
    if authority.sounds_like_trials() and not authority.staging:
        message = f"{authority.directory} is for trials by its name, but is declared as production."
        remedy = "Write `staging: true`, or the production directory: browsers refuse what the other one gives."
        yield Problem(code="acme-staging", path=("acme", "staging"), message=message, remedy=remedy)
    if authority.is_known_production() and authority.staging:
        message = f"{authority.directory} is a production directory, but is declared as staging."
        remedy = "Write `staging: false`, or the staging directory: trials use up the limits of this one."
        yield Problem(code="acme-staging", path=("acme", "staging"), message=message, remedy=remedy)
    if authority.staging and authority.hsts_days:
        message = "Browsers would insist on https with certificates that they refuse."
        yield Problem(
            code="acme-hsts",
            path=("acme", "hsts"),
            message=message,
            remedy="Leave hsts out as long as staging is true.",
        )
    if authority.ca:
        yield from _ca(authority.ca)


def _ca(pem: str) -> Iterator[Problem]:
    path = ("acme", "ca_file")
    if "PRIVATE KEY" in pem:
        remedy = "Name a file with the certificate alone: every guest gets it. Take that key for known."
        yield Problem(code="ca-private-key", path=path, message="The file holds a private key.", remedy=remedy)
    elif not _CERTIFICATE.search(pem):
        remedy = "It holds the CA's certificate in PEM: -----BEGIN CERTIFICATE----- and so on."
        yield Problem(code="ca-file", path=path, message="The file holds no certificate.", remedy=remedy)
    elif len(pem.encode()) > MOST_CA_BYTES:
        message = f"The file has {len(pem.encode())} bytes; {MOST_CA_BYTES} fit into the settings of a guest."
        yield Problem(
            code="ca-file", path=path, message=message, remedy="Leave only the CAs in it that this directory needs."
        )
