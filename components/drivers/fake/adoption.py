"""Strangers of the fake world: domains without a mark, adopted by writing it and nothing else."""

from dataclasses import replace

from components.drivers import adoption
from components.drivers.adoption import Stranger
from components.drivers.base import MachineSpec, Mark, Phase, Power
from components.drivers.errors import Missing
from components.drivers.fake import machine as machines
from components.drivers.fake.world import Values, World
from components.drivers.faults import Faults
from components.drivers.marks import as_values


class Adoption:
    """Looks at and adopts what is in one fake world."""

    def __init__(self, world: World, host: str, faults: Faults) -> None:
        self._world = world
        self._host = host
        self._faults = faults

    def strangers(self) -> tuple[Stranger, ...]:
        """See `components.drivers.adoption.Adopter`."""
        found = (_stranger(domain) for domain in self._world.all("domains").values() if not domain.get("mark"))
        return tuple(sorted(found, key=lambda stranger: stranger.name))

    def owners(self) -> tuple[Mark, ...]:
        """See `components.drivers.adoption.Adopter`."""
        found = (machines.mark_of(domain) for domain in self._world.all("domains").values())
        return tuple(mark for mark in found if mark is not None)

    def held(self) -> dict[str, str]:
        """See `components.drivers.adoption.Adopter`."""
        return {uuid: domain["name"] for uuid, domain in self._world.all("domains").items()}

    def adopt(self, spec: MachineSpec, mark: Mark) -> None:
        """See `components.drivers.adoption.Adopter`."""
        what = f"Unable to adopt machine {spec.uuid} on {self._host}"
        with self._world.locked(spec.uuid):
            domain = self._world.get("domains", spec.uuid)
            if domain is None:
                remedy = "Look which host holds it with `vps adopt HOST`, and name that one in its lines"
                raise Missing(what, "the host answered and holds no machine of this UUID", remedy)
            if domain.get("mark"):
                adoption.is_adopted(what, machines.mark_of(domain), mark)
                return
            adoption.need_same(what, spec, _stranger(domain))
            wish = "off" if domain["power"] == "off" else "running"
            nics = {name: nic | {"addresses": list(spec.nics[name].addresses)} for name, nic in domain["nics"].items()}
            written = as_values(replace(mark, phase=Phase.READY, wish=wish))
            with self._faults.step("adopt.mark"):
                self._world.put("domains", spec.uuid, domain | {"mark": written, "nics": nics})


def _stranger(domain: Values) -> Stranger:
    disks, nics = domain["disks"], domain["nics"]
    counted = (("disks", len(disks)), ("NICs", len(nics)))
    nic: Values = next(iter(nics.values()), {})
    keys = ["cpuCapPercent", *(f"disks.{name}.{key}" for name in disks for key in ("iops", "rateMibS"))]
    keys += [f"nics.{name}.rateMbitS" for name in nics]
    return Stranger(
        uuid=domain["uuid"],
        name=domain["name"],
        power=Power(domain["power"]),
        limits=dict.fromkeys(keys, 0) | domain["config"],
        disk=next(iter(disks)) if len(disks) == 1 else "",
        nic=next(iter(nics)) if len(nics) == 1 else "",
        pool=domain["pool"],
        volume=next(iter(disks.values()), ""),
        mac=nic.get("mac", ""),
        attach=nic.get("attach", ""),
        addresses=tuple(address.partition("/")[0] for address in nic.get("addresses", ())),
        obstacles=tuple(f"it has {n} {w}; machines with one can be adopted so far" for w, n in counted if n != 1),
    )
