"""The NoCloud seed: three files in an ISO 9660 image labelled CIDATA, made in memory in some ten microseconds.

Written by hand rather than with a library because it is made for every machine of a fleet and its bytes must depend
on nothing but the texts: no clock, no generator name. ISO 9660 (ECMA-119) carries no name such as `user-data`, so the
real names and modes stand in Rock Ridge entries (SUSP and RRIP 1.09), which Linux and cloud-init read.
"""

import hashlib
import struct

from components.cloudinit.template import Rendered

SECTOR = 2048
LABEL = b"CIDATA"

_ROOT, _CONTINUATION, _DATA = 20, 21, 22
_FILES = ((b"METADATA.;1", b"meta-data"), (b"NETWORK.;1", b"network-config"), (b"USERDATA.;1", b"user-data"))
# 2000-01-01 00:00 UTC, always: equal texts must give equal bytes.
_DATE = bytes((100, 1, 1, 0, 0, 0, 0))
_RRIP = (
    b"RRIP_1991A",
    b"THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS",
    (
        b"PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  "
        b"SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION."
    ),
)


def seed_iso(rendered: Rendered) -> bytes:
    """The seed of one installation, ready to upload and attach as a CD-ROM; equal texts give equal bytes."""
    image = bytearray(_HEAD)
    sector = _DATA
    files = (rendered.meta_data.encode(), rendered.network_config.encode(), rendered.user_data.encode())
    for content, place in zip(files, _PLACES, strict=True):
        struct.pack_into("<I", image, place, sector)
        struct.pack_into(">I", image, place + 4, sector)
        struct.pack_into("<I", image, place + 8, len(content))
        struct.pack_into(">I", image, place + 12, len(content))
        image += content
        image += bytes(-len(content) % SECTOR)
        sector = len(image) // SECTOR
    struct.pack_into("<I", image, 16 * SECTOR + 80, sector)
    struct.pack_into(">I", image, 16 * SECTOR + 84, sector)
    return bytes(image)


def seed_digest(iso: bytes) -> str:
    """The SHA-256 of a seed's bytes, in hex: what state keeps instead of the text."""
    if not iso.startswith(_SYSTEM_AREA):
        return hashlib.sha256(iso).hexdigest()
    digest = _SYSTEM_AREA_DIGEST.copy()
    digest.update(memoryview(iso)[len(_SYSTEM_AREA) :])
    return digest.hexdigest()


def _both(value: int, size: int) -> bytes:
    """A number in both byte orders, as ECMA-119 writes it."""
    return value.to_bytes(size, "little") + value.to_bytes(size, "big")


def _record(name: bytes, *, extent: int, length: int, folder: bool, system_use: bytes) -> bytes:
    """A directory record (ECMA-119 9.1); every part is padded to an even length."""
    fixed = _both(extent, 4) + _both(length, 4) + _DATE + bytes((2 if folder else 0, 0, 0)) + _both(1, 2)
    record = fixed + bytes((len(name),)) + name
    record += bytes(len(record) % 2) + system_use + bytes(len(system_use) % 2)
    return bytes((len(record) + 2, 0)) + record


def _posix(mode: int, links: int) -> bytes:
    """The Rock Ridge entry PX: mode, links, owner root."""
    return b"PX" + bytes((36, 1)) + _both(mode, 4) + _both(links, 4) + _both(0, 4) + _both(0, 4)


def _root() -> tuple[bytes, tuple[int, ...]]:
    """The root directory, and where each file's extent stands in it."""
    extension = _extension()
    posix = _posix(0o040555, 2)
    first = b"SP" + bytes((7, 1, 0xBE, 0xEF, 0)) + posix
    first += b"CE" + bytes((28, 1)) + _both(_CONTINUATION, 4) + _both(0, 4) + _both(len(extension), 4)
    root = _record(b"\0", extent=_ROOT, length=SECTOR, folder=True, system_use=first)
    root += _record(b"\1", extent=_ROOT, length=SECTOR, folder=True, system_use=posix)
    places = []
    for name, real in _FILES:
        places.append(len(root) + 2)
        named = _posix(0o100444, 1) + b"NM" + bytes((5 + len(real), 1, 0)) + real
        root += _record(name, extent=0, length=0, folder=False, system_use=named)
    return root, tuple(places)


def _extension() -> bytes:
    """The Rock Ridge entry ER, which names the standard."""
    return b"ER" + bytes((8 + sum(map(len, _RRIP)), 1, *map(len, _RRIP), 1)) + b"".join(_RRIP)


def _volume() -> bytes:
    """The primary volume descriptor (ECMA-119 8.4); its size in sectors is filled in for each seed."""
    undated = b"0" * 16 + b"\0"
    parts = [
        b"\1CD001\1\0",
        b" " * 32,
        LABEL.ljust(32),
        bytes(8),
        _both(0, 4),
        bytes(32),
        _both(1, 2),
        _both(1, 2),
        _both(SECTOR, 2),
        _both(10, 4),
        struct.pack("<II", 18, 0),
        struct.pack(">II", 19, 0),
        bytes((34, 0)) + _both(_ROOT, 4) + _both(SECTOR, 4) + _DATE + bytes((2, 0, 0)) + _both(1, 2) + b"\1\0",
        b" " * (128 * 4 + 37 * 3),
        undated * 4,
        b"\1\0",
    ]
    return b"".join(parts).ljust(SECTOR, b"\0")


def _head() -> tuple[bytes, tuple[int, ...]]:
    """Everything before the files' own sectors, and where each file's extent and length are filled in."""
    root, places = _root()
    path_little = struct.pack("<BBIH", 1, 0, _ROOT, 1) + b"\0\0"
    path_big = struct.pack(">BBIH", 1, 0, _ROOT, 1) + b"\0\0"
    sectors = [_volume(), b"\xffCD001\1", path_little, path_big, root, _extension()]
    head = _SYSTEM_AREA + b"".join(sector.ljust(SECTOR, b"\0") for sector in sectors)
    return head, tuple(_ROOT * SECTOR + place for place in places)


_SYSTEM_AREA = bytes(16 * SECTOR)
_SYSTEM_AREA_DIGEST = hashlib.sha256(_SYSTEM_AREA)
_HEAD, _PLACES = _head()
