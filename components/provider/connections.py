"""One driver per host for the whole plugin process."""

import threading

from components.drivers.base import Driver, HostRef
from components.drivers.registry import connect


class Connections:
    """Drivers by host, made on first use and shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._drivers: dict[HostRef, Driver] = {}

    def driver_for(self, host: HostRef) -> Driver:
        """The host's driver. Raises DriverError for an unknown driver name."""
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
