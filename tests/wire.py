"""Frames on a lab's wires: sent and seen with raw sockets that live in the lab's network namespace."""

import ctypes
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TypeVar

from components.lab.host import Lab

CLONE_NEWNET = 0x40000000
EVERYBODY = "ff:ff:ff:ff:ff:ff"
UDP, ICMP6 = 17, 58
Made = TypeVar("Made")


def inside(lab: Lab, make: Callable[[], Made]) -> Made:
    """What `make` makes in the lab's network: a socket stays in the namespace it was made in."""
    made: list[Made] = []

    def enter() -> None:
        with lab.places.netns_file.open() as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        made.append(make())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return made[0]


@contextmanager
def tap(lab: Lab, device: str) -> Iterator[socket.socket]:
    """A raw socket on a device of the lab."""

    def make() -> socket.socket:
        found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        found.bind((device, 0))
        return found

    with inside(lab, make) as found:
        yield found


def until(ear: socket.socket, wanted: Callable[[bytes], bool], seconds: float) -> list[bytes]:
    """Every frame up to and with the first that is `wanted`; all of them when none is within `seconds`."""
    seen: list[bytes] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        ear.settimeout(left)
        try:
            seen.append(ear.recv(2048))
        except TimeoutError:
            break
        if wanted(seen[-1]):
            break
    return seen


def frame(source: str, kind: int, content: bytes, *, to: str = EVERYBODY) -> bytes:
    """An Ethernet frame."""
    return (mac(to) + mac(source) + struct.pack("!H", kind) + content).ljust(60, b"\0")


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def arp(sender: str, sender_ip: str, target_ip: str, *, answer: bool = False) -> bytes:
    """ARP: who has `target_ip`, or the answer that `sender` has `sender_ip`."""
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2 if answer else 1)
    return head + mac(sender) + packed(sender_ip) + bytes(6) + packed(target_ip)


def ipv4(source: str, target: str, protocol: int, content: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(content), 1, 0, 64, protocol, 0) + packed(source) + packed(target)
    return head[:10] + _checksum(head) + head[12:] + content


def ipv6(source: str, target: str, protocol: int, content: bytes) -> bytes:
    return struct.pack("!IHBB", 6 << 28, len(content), protocol, 255) + packed(source) + packed(target) + content


def udp(source: int, target: int, content: bytes = b"hello") -> bytes:
    return struct.pack("!HHHH", source, target, 8 + len(content), 0) + content


def icmp6(source: str, target: str, kind: int, content: bytes) -> bytes:
    """A whole IPv6 packet with an ICMPv6 message, checksum and all."""
    message = struct.pack("!BBH", kind, 0, 0) + content
    pseudo = packed(source) + packed(target) + struct.pack("!II", len(message), ICMP6)
    return ipv6(source, target, ICMP6, message[:2] + _checksum(pseudo + message) + message[4:])


def packed(address: str) -> bytes:
    return ip_address(address).packed


def _checksum(content: bytes) -> bytes:
    padded = content + b"\0" * (len(content) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)
