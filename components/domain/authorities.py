"""Who gives certificates for sites with SSL (contract OPT-1): one ACME directory for the whole fleet."""

import re
from dataclasses import dataclass

TRIAL_WORDS = ("staging", "stage", "test", "sandbox", "pebble", "fake")
"""What directories for trials carry in their host's name or path; no browser trusts what they give."""

PUBLIC_PRODUCTION = ("acme-v02.api.letsencrypt.org", "dv.acme-v02.api.pki.goog", "acme.zerossl.com", "api.buypass.com")
"""Hosts of directories that are production beyond doubt: their limits are not for trials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """An ACME directory (RFC 8555) that guests ask; public data all of it, for it stands in every guest's settings."""

    directory: str
    email: str = ""
    """Whom the authority warns."""
    staging: bool = False
    """Only for trials: browsers refuse its certificates, and none ever counts as real."""
    ca: str = ""
    """PEM of a private CA: the directory's own certificate and those that it gives are judged by it as well."""
    hsts_days: int = 0
    """For how long browsers are told to insist on https; 0: they aren't."""

    @property
    def host(self) -> str:
        """The directory's host and path, as far as words are looked for in them."""
        return self.directory.removeprefix("https://").lower()

    def sounds_like_trials(self) -> bool:
        """Whether the address itself says that it is for trials."""
        return bool(set(re.split(r"[^a-z]+", self.host)) & set(TRIAL_WORDS))

    def is_known_production(self) -> bool:
        """Whether it is one of the public directories that everybody knows."""
        return self.host.partition("/")[0].partition(":")[0] in PUBLIC_PRODUCTION
