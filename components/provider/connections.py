"""One driver per host for the whole plugin process."""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import replace

from components.drivers.base import Driver, HostRef
from components.drivers.registry import connect

ADDRESSES = "VPS_HOSTS"
"""Environment: JSON of `{"<host>": {"uri": …, "probe": …}}` as declared now.

State remembers the address of the last run; a host that moved since would never be reached again by it.
"""


class Connections:
    """Drivers by host, made on first use and shared by all threads."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._lock = threading.Lock()
        self._drivers: dict[HostRef, Driver] = {}
        self._addresses: dict[str, dict[str, str]] = json.loads(environ.get(ADDRESSES) or "{}")

    def driver_for(self, host: HostRef) -> Driver:
        """The host's driver, at its address of today where that is known. Raises DriverError for an unknown driver."""
        today = self._addresses.get(host.name)
        if today is not None:
            host = replace(host, driver=today["driver"], uri=today["uri"], probe=today["probe"])
        with self._lock:
            if host not in self._drivers:
                self._drivers[host] = connect(host)
            return self._drivers[host]

    def close(self) -> None:
        """Give all connections back."""
        with self._lock:
            for driver in self._drivers.values():
                driver.close()
            self._drivers.clear()
