"""What a hypervisor driver promises, in plain data.

A driver turns specs into machines and answers with facts that it read back. It knows nothing of Pulumi, of files or
of packages. Foreign exceptions never leave it: every error is one of `errors`. Absent on delete is done, and `kill -9`
between any two steps is mended by calling again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from components.domain.limits import Reading
from components.drivers.specs import (
    DiskFile,
    DiskSpec,
    HostRef,
    ImageRef,
    ImageSpec,
    MachineSpec,
    NetworkSpec,
    NicSpec,
    PoolSpec,
)

if TYPE_CHECKING:
    from components.drivers.access import Access
    from components.drivers.adoption import Adopter
    from components.drivers.gate import Gate
    from components.drivers.guest import Guest
    from components.drivers.trash import Trashed

__all__ = [
    "SCHEMA", "DiskFile", "DiskSpec", "Driver", "Fact", "HostRef", "ImageRef", "ImageSpec", "Machine", "MachineSpec",
    "Mark", "NetworkSpec", "NicSpec", "Phase", "PoolSpec", "Power", "Say", "silent",
]  # fmt: skip

SCHEMA = 1
"""Of inputs, state and owner mark. Every older number must stay readable."""


class Phase(StrEnum):
    """How far a machine's life is, as its mark tells.

    creating: disk and seed may be half-made and hold nothing of the client: they may be made anew.
    starting: disk and seed are whole, the guest may have run: the disk is never made anew from here on.
    ready:    delivered; never created empty again.
    ending:   its end was declared and reached; stop, trash and undefine are under way.
    arriving: a copy that a move makes here: no disk is attached, the whole machine is still on its former host.
    left:     its machine lives on another host now; no disk is attached, only the clearing away remains.
    """

    CREATING = "creating"
    STARTING = "starting"
    READY = "ready"
    ENDING = "ending"
    ARRIVING = "arriving"
    LEFT = "left"


class Power(StrEnum):
    """Observed power."""

    RUNNING = "running"
    OFF = "off"
    PAUSED = "paused"
    CRASHED = "crashed"
    UNKNOWN = "unknown"


WISHED = {"running": "running", "reboot": "running", "off": "off", "suspended": "suspended", "paused": ""}
"""Every wish of `Driver.power`, with what the mark keeps of it; pausing changes no wish."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The owner mark that a machine carries on its host (libvirt metadata; Proxmox description).

    `incarnation` is random and also stands in state: a different one means *not mine any more*.
    `previous` is the incarnation before the last take-over of a delivered machine (empty: never taken over).
    `revision` counts our writes. `wish` is the last observed wish of the client for power (`running` or `off`).
    `power` is the declared power (empty: written by a release that noted none) and `order` the place in the row of a
    boot restore (lower first), which works without us. `move` is empty, or `to:<host>` on the host that a machine
    leaves and `from:<host>` where it arrives.
    """

    fleet: str
    backend: str
    urn: str
    client: str
    vps: str
    phase: Phase
    incarnation: str
    revision: int = 1
    reinstall: int = 0
    wish: str = "running"
    schema: int = SCHEMA
    previous: str = ""
    power: str = "managed"
    order: int = 1
    move: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine as its host answers it: facts only."""

    uuid: str
    name: str
    mark: Mark | None
    power: Power
    readings: Mapping[str, Reading]
    """By limit key, each limit that was found; the keys of `MachineSpec.limits`."""
    macs: Mapping[str, str]
    """By NIC name; NICs of ours are told by the alias or MAC that we gave them."""
    attach: Mapping[str, str]
    addresses: Mapping[str, tuple[str, ...]]
    """By NIC name, as the host has them noted for it; what the guest uses inside is its own."""
    volumes: Mapping[str, str]
    """By disk name (and `seed`): the volume's name in its pool."""
    reboot_required: tuple[str, ...] = ()
    """Limit keys whose configured value waits for the next boot."""
    host_notes: tuple[str, ...] = ()
    """What this host can't do for the machine, in words."""
    lost_disks: tuple[str, ...] = ()
    """Names of disks whose volume the host answered to be gone, or whose device is missing from the machine."""
    room: Mapping[str, int] = field(default_factory=dict)
    """How far the running guest may grow without a reboot, by limit key (`vcpus`, `memoryMib`); empty while it is
    off: the room is a property of its next boot then."""
    guarded: Mapping[str, bool | None] = field(default_factory=dict)
    """By NIC name, whether the host holds it to its own MAC and addresses (now, or from its next boot on where it is
    off); None: it can't here, which `host_notes` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An image, pool or network as the host answers it. `made` tells whether we made it (and may remove it)."""

    name: str
    made: bool
    values: Mapping[str, str | int | bool] = field(default_factory=dict)


Say = Callable[[str], None]
"""Takes a line of progress for people."""


def silent(_: str) -> None:
    """Tell nobody."""


class Driver(Protocol):
    """One host. Instances are shared by threads; at most four changes run at a time per connection.

    Every method may raise `HostUnreachable` within the driver's deadline; none waits for a guest.
    """

    def create(self, spec: MachineSpec, seed: bytes, mark: Mark) -> Machine:
        """Make the machine, or resume or take over the one that its UUID names, and read it back.

        `seed` is the NoCloud ISO (label CIDATA), written once beside the disk and attached as a CD-ROM.

        Resumes a machine of the same fleet, backend and URN (or incarnation) that is not `ready`; takes over a `ready`
        one by writing `mark.incarnation` and the next revision and nothing else (no disk, limit or power is touched).
        Raises NotOurs (same UUID or name, other owner or no mark), Refused (a volume of its name is there without
        its machine, trash included; its end is under way; it is half-made and somebody started it), Missing (image,
        pool or its disk, network), HostFull, and from the first write on only Interrupted (`machine` is None when the
        host could not be asked any more).
        """
        ...

    def read(self, uuid: str) -> Machine | None:
        """The machine's facts; None only when the host answered and does not hold it."""
        ...

    def read_all(self) -> Sequence[Machine]:
        """Every machine on the host that carries a mark, in O(1) calls plus one description per machine."""
        ...

    def update(self, spec: MachineSpec, mark: Mark) -> Machine:
        """Bring the machine's limits to `spec`, live where the host can, and read it back.

        Patches owned elements only. `mark` is the one that was read, its revision is raised by one and its URN is
        written anew. A revision one above with everything as asked is our own lost answer and is done again.
        Raises Missing (machine not there), NotOurs (incarnation differs), Changed (revision differs), Refused (a disk
        would shrink, or it is still `creating`), HostFull (it grows and the host lacks the room). After a failed live
        set the former state is restored and read back.
        """
        ...

    def power(self, uuid: str, wish: str, mark: Mark, *, deadline_s: float | None = None, say: Say = silent) -> Machine:
        """`running`, `off`, `suspended` (off until somebody resumes it), `reboot` (off, then running) or `paused`.

        A guest is asked to shut down by its power button; after `deadline_s` (None: the driver's own; 0: at once) its
        power is cut, which `say` is told, as is how long it takes. `mark.power` is the declared power, written when the
        machine is where it shall be: what died before is seen as undone. Raises as `update`, and Refused when it shall
        start but is declared down, is on the move or is not delivered.
        """
        ...

    def delete(self, uuid: str, incarnation: str, due: str = "") -> None:
        """End a machine: stop gracefully, leave its disks as trash until the day `due`, undefine; absent is done.

        Data is never destroyed: only a machine still `creating`, which holds none, takes its volumes with it.
        Raises NotOurs when the incarnation differs, Refused when one that is still `creating` runs or one is on the
        move: nothing is touched then.
        """
        ...

    def reinstall(self, spec: MachineSpec, seed: bytes, mark: Mark, due: str) -> Machine:
        """Give a delivered machine a new disk and seed under the reinstall number one above that of `mark`.

        The former disk goes to the trash until `due`; UUID, MACs and everything else of the definition stay. A call
        that died is taken up by calling again or, once the machine says `creating`, by `create`.
        Raises as `update` and, before anything is touched, as `create`.
        """
        ...

    def read_trash(self) -> "Sequence[Trashed]":
        """Everything in the trash of the host's pools, oldest first; a broken record is told, never left out."""
        ...

    def restore(self, key: str) -> Machine:
        """Define an ended machine again, off, with its own UUID, disks, MACs and addresses, in the phase `starting`.

        The next `create` of its owner takes it over and starts it; a call that died is finished by calling again.
        Raises Missing (nothing of that key, or a volume of it is gone), Refused (its end is under way, a newer
        installation lives, an address is taken), NotOurs (its name or UUID is), HostFull: nothing was touched then.
        """
        ...

    def empty(self, key: str, today: str, due: str) -> None:
        """Destroy what the trash holds under `key`, once its day (`due` where its record knows none) is reached.

        Raises Refused when it is not due or anything on the host uses one of its volumes; absent is done.
        """
        ...

    def ensure_image(self, spec: ImageSpec) -> Fact:
        """Have the image on the host, whole and verified. Raises Missing when neither host nor `source` has it."""
        ...

    def read_image(self, spec: ImageSpec) -> Fact | None:
        """The image's facts; None when the host answered and lacks it or holds it unfinished."""
        ...

    def delete_image(self, spec: ImageSpec) -> None:
        """Remove the image. Raises Refused while any volume, trash included, names it as its backing file."""
        ...

    def ensure_pool(self, spec: PoolSpec) -> Fact:
        """Have the pool active and marked. Raises Refused when one of this name has another path or is not mounted."""
        ...

    def read_pool(self, spec: PoolSpec) -> Fact | None:
        """The pool's facts (`capacityGib`, `availableGib`, `path`); None when it is gone, off or not mounted."""
        ...

    def delete_pool(self, spec: PoolSpec) -> None:
        """Remove a pool that we made. Raises Refused while it holds a volume."""
        ...

    def ensure_network(self, spec: NetworkSpec) -> Fact:
        """Have the network active, or check that the host's bridge exists. Raises Refused when it differs."""
        ...

    def read_network(self, spec: NetworkSpec) -> Fact | None:
        """The network's facts (`mode`, `bridge`, `ipv4`, `ipv6`); None when it is gone."""
        ...

    def delete_network(self, spec: NetworkSpec) -> None:
        """Remove a network that we made. Raises Refused while a machine is attached."""
        ...

    def gate(self) -> "Gate":
        """This host's part in a move (`components.drivers.moving` has the order of steps)."""
        ...

    def adopter(self) -> "Adopter":
        """This host's part in adopting machines that somebody else made."""
        ...

    def access(self) -> "Access":
        """This host's part in setting who may log in to a running guest, and its name."""
        ...

    def guest(self) -> "Guest":
        """This host's part in hearing its guests."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...
