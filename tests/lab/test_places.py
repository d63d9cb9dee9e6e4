import ipaddress

import pytest

from components.lab.command import LabError
from components.lab.places import Places


def test_names_of_lab1_are_those_of_the_example_fleet():
    lab = Places("lab1")
    assert lab.uri == "qemu+unix:///system?socket=/run/aegir-vps/lab1/libvirt-sock"
    assert lab.netns == "vps-lab1"


def test_identity_comes_from_the_name_alone():
    assert Places("lab1").host_uuid == "dbace85a-7058-5e5e-9f78-47c82832476b"
    assert Places("lab2").host_uuid != Places("lab1").host_uuid


def test_migration_addresses_are_addresses_and_differ():
    found = {ipaddress.IPv6Address(Places(f"lab{n}").migration_address) for n in range(200)}
    assert len(found) == 200


@pytest.mark.parametrize("name", ["", "Lab", "../x", "a b", "-a", "a-", "9", "a" * 16, "ä"])
def test_other_names_are_refused_with_a_remedy(name):
    with pytest.raises(LabError, match=r"Unable to use .* Choose another name"):
        Places(name)


def test_longest_name_fits_a_socket_path():
    assert len(str(Places("a" * 15).socket)) < 108
