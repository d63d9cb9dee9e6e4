"""The example on three fake hosts, with four VPSs of two clients: lab1 has three of them, lab2 one."""

import copy
from pathlib import Path

from ruamel.yaml import YAML

from components.engine.project import Project

HOSTS = ("lab1", "lab2", "lab3")
PLACES = {
    ("example-coop", "web1"): "lab1",
    ("example-coop", "web2"): "lab1",
    ("example-coop", "web3"): "lab2",
    ("beta", "shop"): "lab1",
}


def spread(project: Project) -> None:
    """Write hosts and clients; hosts have room for seven VPSs each."""
    hosts = project.fleet / "hosts"
    first = (hosts / "lab1.yaml").read_text().replace("memory: 8 GiB", "memory: 17 GiB")
    for name in HOSTS:
        text = (
            first
            if name == "lab1"
            else first.replace("/world", f"/world-{name}").replace("serial: ", f"serial: {name}-")
        )
        (hosts / f"{name}.yaml").write_text(text)
    yaml = YAML()
    yaml.preserve_quotes = True
    file = project.fleet / "clients" / "example-coop.yaml"
    example = yaml.load(file)
    shape = copy.deepcopy(example["vps"]["web1"])
    beta = copy.deepcopy(example)
    beta.update(id="c-b3t4", name="Beta")
    beta["contacts"]["ada"]["email"] = "ada@beta.example"
    example["vps"], beta["vps"] = {}, {}
    for number, ((client, vps), host) in enumerate(PLACES.items()):
        lines = copy.deepcopy(shape)
        lines.update(id=f"v-d{number}r3", host=host, fqdn=f"{vps}.{client}.example")
        lines["ipv4"], lines["ipv6"] = [f"192.0.2.{20 + number}"], [f"2001:db8:1::{20 + number}"]
        (example if client == "example-coop" else beta)["vps"][vps] = lines
    for name, document in (("example-coop", example), ("beta", beta)):
        with (file.parent / f"{name}.yaml").open("w") as stream:
            yaml.dump(document, stream)


def placed(project: Project) -> dict[tuple[str, str], str]:
    """Where the files place each VPS."""
    yaml = YAML(typ="safe")
    found = {}
    for client in ("example-coop", "beta"):
        document = yaml.load(Path(project.fleet / "clients" / f"{client}.yaml"))
        found |= {(client, name): lines["host"] for name, lines in document["vps"].items()}
    return found
