"""The example fleet in a real lab: real engine, real libvirtd, real guests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest
from ruamel.yaml import YAML

from components.domain.images import Image
from components.engine.project import Project
from components.images import lock
from components.lab.example import IMAGE, make_project, use_host
from components.lab.host import Lab
from tests.engine.conftest import HOST_STACK, STACK, Bench


class LabBench(Bench):
    """A project whose host is a lab."""

    def __init__(self, project: Project, lab: Lab) -> None:
        super().__init__(project)
        self.lab = lab

    def connection(self) -> libvirt.virConnect:
        return libvirt.open(self.lab.uri)

    def virtual_machines(self) -> list[str]:
        return [domain.name() for domain in self.connection().listAllDomains()]

    def disks(self) -> dict[str, int]:
        """Every root disk in the pool, with the inode that shows whether it was made anew."""
        pool = self.connection().storagePoolLookupByName("vps")
        pool.refresh()
        names = [volume.name() for volume in pool.listAllVolumes() if "-root" in volume.name()]
        listed = self.lab.places.data.rglob("*-root.qcow2")
        inodes = {path.name: path.stat().st_ino for path in listed}
        return {name: inodes[name] for name in names}

    def clear(self) -> None:
        """Remove this test's machines and their volumes: the next test finds an empty host."""
        connection = self.connection()
        for domain in connection.listAllDomains():
            if domain.isActive():
                domain.destroy()
            domain.undefine()
        pool = connection.storagePoolLookupByName("vps")
        for volume in pool.listAllVolumes():
            if not volume.name().startswith(("image-", "aegir-vps-pool")):
                volume.delete()


def apply_host(lab: Lab, image: Image, folder: Path) -> LabBench:
    """The example's project in `folder` with this image for its client, the lab applied as its host."""
    project = make_project(folder)
    use_host(project, driver="libvirt", uri=lab.uri, probe=lab.probe)
    bench = LabBench(project, lab)
    lock.record(project.fleet, image)
    if image.name != IMAGE:
        _offer(project.fleet, image.name)
    bench.vps("init", HOST_STACK, STACK)
    bench.up(HOST_STACK)
    return bench


@pytest.fixture
def lab_project(lab: Lab, tmp_path: Path) -> Iterator[Callable[[Image], LabBench]]:
    """Make the example's project on the lab with this image for its client, the host applied."""
    made: list[LabBench] = []

    def make(image: Image) -> LabBench:
        made.append(apply_host(lab, image, tmp_path))
        return made[-1]

    yield make
    for bench in made:
        bench.clear()


def _offer(fleet: Path, image: str) -> None:
    yaml = YAML()
    yaml.preserve_quotes = True
    catalogue = yaml.load(fleet / "catalogue.yaml")
    catalogue["images"] = {image: {"title": "for tests"}}
    with (fleet / "catalogue.yaml").open("w") as stream:
        yaml.dump(catalogue, stream)
    client = fleet / "clients" / "example-coop.yaml"
    client.write_text(client.read_text().replace(f"image: {IMAGE}", f"image: {image}"))
