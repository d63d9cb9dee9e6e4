"""A real authority for tests: Debian's pebble and a names server, in the network that guests are plugged into."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.guests import Wire

ADDRESSES = ("192.0.2.1/24", "2001:db8:1::1/64")
DIRECTORY = "https://192.0.2.1:{port}/dir"
_DAY_S = 86400


class Names:
    """The names server that guest and authority ask; what it isn't told doesn't exist."""

    def __init__(self, wire: Wire, folder: Path) -> None:
        """Answers on port 53 of the wire's address."""
        self._wire = wire
        self._log = (folder / "names.log").open("wb")
        words = ["-defaultIPv4", "", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", ""]
        words += ["-dns01", "192.0.2.1:53", "-management", "192.0.2.1:8055"]
        self._process = wire.spawn(["pebble-challtestsrv", *words], stdout=self._log, stderr=subprocess.STDOUT)
        _until(lambda: self._post("clear-a", {"host": "nobody.example"}), "the names server doesn't answer")

    def set(self, name: str, *addresses: str) -> None:
        """The name leads to these addresses and no others; with none, nowhere."""
        for kind, mark in (("a", "."), ("aaaa", ":")):
            assert self._post(f"clear-{kind}", {"host": name})
            if found := [address for address in addresses if mark in address]:
                assert self._post(f"add-{kind}", {"host": name, "addresses": found})

    def _post(self, what: str, values: dict[str, object]) -> bool:
        words = ["curl", "--silent", "--fail", "--noproxy", "*", "--max-time", "10", "--data", json.dumps(values)]
        return self._wire.run([*words, f"http://192.0.2.1:8055/{what}"]).returncode == 0

    def close(self) -> None:
        """Nobody answers any more."""
        self._process.kill()
        self._process.wait()
        self._log.close()


class Authority:
    """One ACME directory with roots of its own. Each start makes new roots and forgets every account and order."""

    def __init__(self, wire: Wire, folder: Path, port: int) -> None:
        """Not started yet; `port` is its own, and the next one its management's."""
        self._wire, self._folder, self._port = wire, folder, port
        self._process: subprocess.Popen[bytes] | None = None
        self.habits = {"PEBBLE_WFE_NONCEREJECT": "0"}
        self.directory = DIRECTORY.format(port=port)
        folder.mkdir(parents=True)
        _certificate(folder)

    @property
    def door(self) -> str:
        """PEM of the CA of its https alone: what it gives is trusted by nobody who has only this."""
        return (self._folder / "ca.pem").read_text()

    @property
    def root(self) -> str:
        """PEM of the root of what it gives."""
        url = f"https://192.0.2.1:{self._port + 1}/roots/0"
        done = self._wire.run(["curl", "--silent", "--noproxy", "*", "--cacert", str(self._folder / "ca.pem"), url])
        assert "BEGIN CERTIFICATE" in done.stdout
        return done.stdout

    @property
    def ca(self) -> str:
        """PEM of both: what an operator with a private CA declares."""
        return self.door + self.root

    @property
    def orders(self) -> int:
        """How many certificates were asked for since the last start."""
        return (self._folder / "log").read_text().count("POST /order-plz")

    def start(self, life_s: int = 90 * _DAY_S) -> Self:
        """Open it; its certificates are good for so many seconds."""
        self.stop()
        settings = {
            "listenAddress": f"192.0.2.1:{self._port}",
            "managementListenAddress": f"192.0.2.1:{self._port + 1}",
            "certificate": str(self._folder / "server.pem"),
            "privateKey": str(self._folder / "server.key"),
            "httpPort": 80,
            "tlsPort": 443,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "certificateValidityPeriod": life_s,
        }
        (self._folder / "config.json").write_text(json.dumps({"pebble": settings}))
        with (self._folder / "log").open("wb") as log:
            self._process = self._wire.spawn(
                ["pebble", "-config", str(self._folder / "config.json"), "-dnsserver", "192.0.2.1:53"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "PEBBLE_VA_NOSLEEP": "1", **self.habits},
            )
        ask = ["curl", "--silent", "--fail", "--noproxy", "*", "--cacert", str(self._folder / "ca.pem"), "--output"]
        _until(lambda: self._wire.run([*ask, "/dev/null", self.directory]).returncode == 0, "pebble doesn't answer")
        return self

    def stop(self) -> None:
        """Close it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


def _certificate(folder: Path) -> None:
    """A CA, and by it the certificate of the directory's own https."""
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (folder / "names").write_text("subjectAltName=IP:192.0.2.1\n")
    for words in (
        [*new, "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test door", "-days", "30"],
        [*new, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=authority"],
        [
            *("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-days", "30", "-extfile", "names", "-out", "server.pem"),
        ],
    ):
        subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=60)


def _until(condition: object, what: str) -> None:
    end = time.monotonic() + 60
    assert callable(condition)
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.1)
