"""Networks of the fake world."""

from components.drivers.base import Fact, NetworkSpec
from components.drivers.errors import Missing, Refused
from components.drivers.fake.world import Values, World


class Networks:
    """What machines of one fake host are attached to."""

    def __init__(self, world: World, host: str) -> None:
        self._world = world
        self._host = host

    def ensure(self, spec: NetworkSpec) -> Fact:
        """See `components.drivers.base.Driver`."""
        what = f"Unable to make network {spec.name} on {self._host}"
        if spec.mode == "bridge":
            if spec.bridge not in self._world.host()["bridges"]:
                raise Missing(
                    what, f"the host has no bridge {spec.bridge}", "Make the bridge on the host, or change its file"
                )
            return _fact(spec.name, _values(spec), made=False)
        with self._world.locked():
            found = self._world.get("networks", spec.name)
            if found is None:
                self._world.put("networks", spec.name, {"made": True, **_values(spec)})
                return _fact(spec.name, _values(spec), made=True)
        differing = [
            f"{key} is {found[key]!r}, not {value!r}" for key, value in _values(spec).items() if found[key] != value
        ]
        if differing:
            raise Refused(what, f"a network of this name differs: {', '.join(differing)}", "Change the host's file")
        return _fact(spec.name, found, made=bool(found["made"]))

    def read(self, spec: NetworkSpec) -> Fact | None:
        """See `components.drivers.base.Driver`."""
        if spec.mode == "bridge":
            there = spec.bridge in self._world.host()["bridges"]
            return _fact(spec.name, _values(spec), made=False) if there else None
        found = self._world.get("networks", spec.name)
        return None if found is None else _fact(spec.name, found, made=bool(found["made"]))

    def delete(self, spec: NetworkSpec) -> None:
        """See `components.drivers.base.Driver`."""
        with self._world.locked():
            found = self._world.get("networks", spec.name)
            if found is None or not found["made"]:
                return
            for domain in self._world.all("domains").values():
                if any(nic["attach"] == f"network:{spec.name}" for nic in domain["nics"].values()):
                    raise Refused(
                        f"Unable to remove network {spec.name} on {self._host}",
                        f"machine {domain['name']} is attached to it",
                        "End or move that machine first",
                    )
            self._world.remove("networks", spec.name)

    def need(self, what: str, attach: str) -> None:
        """Raises Missing when what a NIC is attached to isn't on the host."""
        mode, _, name = attach.partition(":")
        there = (
            name in self._world.host()["bridges"] if mode == "bridge" else self._world.get("networks", name) is not None
        )
        if not there:
            raise Missing(
                what, f"{mode} {name} is not on the host", f"Bring up the host's stack: `vps up host.{self._host}`"
            )


def _values(spec: NetworkSpec) -> dict[str, str]:
    return {"mode": spec.mode, "bridge": spec.bridge, "ipv4": spec.ipv4, "ipv6": spec.ipv6}


def _fact(name: str, values: Values, *, made: bool) -> Fact:
    return Fact(name=name, made=made, values={key: str(values[key]) for key in ("mode", "bridge", "ipv4", "ipv6")})
