"""The elements of a domain that its limits stand in, each found once.

A host has a thousand domains to be read at once: walking a path for every single value takes longer than parsing.
"""

from components.drivers.libvirt import patch, tree
from components.drivers.libvirt.mark import Notes


class Parts:
    """A domain's XML, looked through once: what stands at its top, its disks, NICs and memory devices."""

    __slots__ = ("_domain", "_named", "_notes", "_top", "memories")

    def __init__(self, domain: tree.Element, notes: Notes) -> None:
        self._domain, self._notes = domain, notes
        self._top: dict[str, tree.Element] = {}
        self._named: dict[str, tree.Element] = {}
        self.memories: list[tree.Element] = []
        """Memory devices: DIMMs and virtio-mem."""
        for part in domain:
            self._top.setdefault(part.tag, part)
        for device in self._top.get("devices", ()):
            kind = device.tag
            if kind in ("disk", "interface"):
                alias = device.find("alias")
                if alias is not None:
                    self._named.setdefault(f"{kind} {alias.get('name', '').lower()}", device)
            elif kind == "memory":
                self.memories.append(device)

    def top(self, tag: str) -> tree.Element | None:
        """The first element `tag` right below the domain."""
        return self._top.get(tag)

    def text(self, tag: str) -> str:
        """The text of that element, or empty."""
        found = self._top.get(tag)
        return "" if found is None else (found.text or "").strip()

    def disk(self, name: str) -> tree.Element | None:
        """As `patch.find_disk`, in a domain that these notes tell of."""
        found = self._named.get(f"disk ua-disk-{name.lower()}")
        return patch.find_disk(self._domain, name, self._notes) if found is None else found

    def nic(self, name: str) -> tree.Element | None:
        """As `patch.find_nic`, in a domain that these notes tell of."""
        found = self._named.get(f"interface ua-nic-{name.lower()}")
        return patch.find_nic(self._domain, name, self._notes) if found is None else found
