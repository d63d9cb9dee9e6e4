"""A real qemu-ga without a guest's port: on a socket, asked as libvirtd asks it."""

import json
import socket
import time
from pathlib import Path

from components.drivers.libvirt.agent import answer

WHAT = "Unable to run it"
MINUTE = 60


class Socket:
    """Asks an agent as libvirtd does: a line of JSON each way."""

    def __init__(self, path: Path) -> None:
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + MINUTE
        while self._socket.connect_ex(str(path)):
            assert time.monotonic() < end, "the agent does not listen"
            time.sleep(0.05)
        self._lines = self._socket.makefile("rb")

    def __call__(self, command, arguments=None):
        question = json.dumps({"execute": command, "arguments": arguments or {}})
        self.asked.append(question)
        self._socket.sendall(question.encode() + b"\n")
        return answer(WHAT, self._lines.readline().decode())

    def close(self) -> None:
        self._lines.close()
        self._socket.close()
