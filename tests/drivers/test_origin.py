import hashlib
import struct

import pytest

from components.drivers.base import DiskFile
from components.drivers.errors import DriverError, Missing, Refused
from components.drivers.origin import need


def qcow2(path, size_gib=1, backing=0):
    """The head of a qcow2 file of version 3: magic, version, place and length of the backing name, bits, size."""
    path.write_bytes(b"QFI\xfb" + struct.pack(">IQIIQ", 3, backing, 0, 16, size_gib * 1024**3) + b"rest")
    return DiskFile(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_whole_disk_that_fits_is_taken_with_its_length(tmp_path):
    origin = qcow2(tmp_path / "web1.qcow2", 10)

    assert need("Unable to restore web1", origin, 10) == 36


def test_every_other_file_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "web1.qcow2"
    with pytest.raises(Refused, match="the package gives 10 GiB"):
        need("what", qcow2(path, 20), 10)
    with pytest.raises(Refused, match="stands on another file"):
        need("what", qcow2(path, 1, backing=4096), 10)
    origin = qcow2(path)
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(DriverError, match="the client's file says"):
        need("what", origin, 10)
    path.unlink()
    with pytest.raises(Missing, match="can't be read: No such file"):
        need("what", origin, 10)
    path.write_bytes(b"raw bytes" * 100)
    raw = DiskFile(path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(Refused, match="is no qcow2 disk"):
        need("what", raw, 10)
