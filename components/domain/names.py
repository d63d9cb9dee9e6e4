"""Every identity and name is made here, from ids that never change.

Frozen API: a changed result would orphan machines that clients pay for (tests hold the golden values).
Names of clients and VPSs may change; ids may not, so nothing here is made from a name but the stacks'.
"""

import hashlib
import re
import uuid

NAMESPACE = uuid.UUID("6a1c9f0e-52d4-4b7e-9a53-0c6f1d2e7b84")

CLIENT_STACKS = "client."
HOST_STACKS = "host."

_FLEET_ID = re.compile(r"[a-z][a-z0-9]{1,7}")
_CLIENT_ID = re.compile(r"c-[a-z0-9]{4,12}")
_VPS_ID = re.compile(r"v-[a-z0-9]{4,12}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def is_fleet_id(text: str) -> bool:
    """Whether `text` can stand in domain and volume names: 2 to 8 lower-case letters and digits."""
    return _FLEET_ID.fullmatch(text) is not None


def is_client_id(text: str) -> bool:
    """Whether `text` can be a client's permanent id: `c-q7m2`."""
    return _CLIENT_ID.fullmatch(text) is not None


def is_vps_id(text: str) -> bool:
    """Whether `text` can be a VPS's permanent id: `v-h3k9`."""
    return _VPS_ID.fullmatch(text) is not None


def is_label(text: str) -> bool:
    """Whether `text` is a DNS label (RFC 1123) in lower case: file stems, VPSs, hosts, networks are named by such."""
    return _LABEL.fullmatch(text) is not None


def is_fqdn(text: str) -> bool:
    """Whether `text` is a whole domain name in lower case: two labels or more, 253 characters, no number at its end."""
    labels = text.split(".")
    return len(text) <= 253 and len(labels) > 1 and all(map(is_label, labels)) and not labels[-1].isdigit()


def machine_uuid(fleet_id: str, client_id: str, vps_id: str) -> str:
    """The machine's identity on every host and in state."""
    return str(uuid.uuid5(NAMESPACE, f"{fleet_id}/{client_id}/{vps_id}"))


def mac_address(machine: str, nic: str) -> str:
    """A locally administered unicast MAC with 46 bits from the machine's UUID and the NIC's immutable name."""
    octets = bytearray(hashlib.sha256(f"{machine}/{nic}".encode()).digest()[:6])
    octets[0] = (octets[0] | 0b10) & 0b1111_1110
    return ":".join(f"{octet:02x}" for octet in octets)


def domain_name(fleet_id: str, client_id: str, vps_id: str) -> str:
    """The machine's name on a hypervisor; the short fleet id keeps two fleets on one host apart."""
    return f"{fleet_id}-{client_id}-{vps_id}"


def disk_volume(domain: str, machine: str, disk: str, reinstall: int = 0) -> str:
    """The volume of one disk; eight digits of the UUID show its owner where a pool keeps no metadata.

    A reinstallation has its own: the former disk lies in the trash under its own name.
    """
    return f"{domain}-{machine[:8]}-{disk}{f'-r{reinstall}' if reinstall else ''}.qcow2"


def seed_volume(domain: str, machine: str, reinstall: int) -> str:
    """The NoCloud seed of one installation: written once per (UUID, reinstall), never rewritten."""
    return f"{domain}-{machine[:8]}-seed{reinstall}.iso"


def image_volume(image: str, sha256: str) -> str:
    """The golden image on a host: its name contains its digest, so it can never change under a machine."""
    return f"image-{image}-{sha256[:16]}.qcow2"


def client_stack(client: str) -> str:
    """The stack of `clients/<client>.yaml`."""
    return f"{CLIENT_STACKS}{client}"


def host_stack(host: str) -> str:
    """The stack of `hosts/<host>.yaml`."""
    return f"{HOST_STACKS}{host}"
