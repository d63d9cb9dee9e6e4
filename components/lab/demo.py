"""`./run demo`: the main job on the example fleet, from nothing to a guest whose web server answers.

Everything it makes stands in the checkout's `.vps/demo` (or `.vps/demo-fake`) and in the lab `demo`; `--down` removes
that and nothing else. Each step is idempotent, so a run that was cut goes on where it stopped.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from components.config.loader import load
from components.declaration import host_ref
from components.domain.fleet import Fleet
from components.domain.names import client_stack, host_stack
from components.domain.problems import DomainError
from components.drivers.registry import connect
from components.engine.project import CHECKOUT, Project
from components.engine.run import POLICIES, Engine
from components.guest.delivery import Watch
from components.guest.hearing import Heard, Line
from components.lab.demo_image import image_of, need_buildable, need_its_image
from components.lab.example import CLIENT, HOST, IMAGE, VPS, make_fake_project, make_project, use_host
from components.lab.host import Lab
from components.report.vps import document, show

Say = Callable[[str], None]

REAL = CHECKOUT / ".vps" / "demo"
FAKE = CHECKOUT / ".vps" / "demo-fake"
LAB = "demo"
"""A lab of the demo's own: `vps lab up` makes `lab1`, and nothing that stands in there is ours to remove."""
DELIVERY_DEADLINE_S = 3600
"""For the first boot of a guest, every check included: minutes without KVM, and far more with Aegir or when busy."""
PAGE_LINES = 30
WEB_DEADLINE_S = 120
"""A delivered guest has looked at its page itself."""


def main() -> None:
    """Run the demo as its arguments say; an error is one message, Ctrl-C leaves a state to go on from."""
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__)
    parser.add_argument("--fake", action="store_true", help="no root, no hypervisor: the fake driver")
    parser.add_argument("--down", action="store_true", help="remove what the demo made")
    parser.add_argument("--image", help=f"the VPS's image; without it {IMAGE}, which needs nothing but Debian packages")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    options = parser.parse_args()
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - begun:5.0f} s] {text}", flush=True)

    try:
        if options.down:
            down(say, fake=options.fake)
        else:
            up(say, fake=options.fake, image=options.image)
    except KeyboardInterrupt:
        print("\nStopped. Nothing is lost: ./run demo goes on from here.", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if options.debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def up(say: Say, *, fake: bool, image: str | None = None) -> None:
    """Make everything that is missing and apply both stacks; nothing that is there is made again.

    Raises DomainError for an `image` that would have no effect.
    """
    if fake and image is not None:
        raise DomainError(
            "--image goes without --fake: on the fake driver nothing boots, whatever its image.",
            "Leave one of them out.",
        )
    if fake:
        project = make_fake_project(FAKE)
        say(f"project {project.folder}: the example fleet on the fake driver")
    else:
        project = _real(say, image)
    engine = Engine.of(project, load(project.fleet).fleet.hosts.values())
    for stack in (host_stack(HOST), client_stack(CLIENT)):
        engine.init(stack)
        loaded = load(project.fleet)
        engine.check(stack, loaded)
        say(f"pulumi up --stack {stack}")
        quiet = ["--suppress-outputs", "--suppress-progress"]
        with engine.turn(stack, "demo", say=say):
            code = engine.run(["up", "--yes", "--stack", stack, "--policy-pack", str(POLICIES), *quiet])
        if code != 0:
            raise DomainError(f"pulumi up of {stack} ended with exit code {code}.", "Its own words stand above.")
    fleet = load(project.fleet).fleet
    heard = _wait_for_delivery(say, fleet)
    if not fake:
        _wait_for_web(say, fleet)
    _print_made(fleet, heard)
    _print_experiments(project, fleet, fake=fake)


def down(say: Say, *, fake: bool) -> None:
    """Remove the demo: its project folder and, for the real one, its lab with everything in it."""
    folder = FAKE if fake else REAL
    if not fake:
        lab = Lab(LAB)
        if _owner(lab) == str(REAL):
            say(f"lab {LAB}: down, with its guests and their disks (half a minute)")
            lab.down(data=True)
            _owner_file(lab).unlink()
        elif _owner(lab) is not None:
            raise DomainError(
                f"The demo that is up on this machine is another checkout's: {_owner(lab)}. Nothing was removed.",
                "Take it down there: ./run demo --down",
            )
    if folder.is_dir():
        shutil.rmtree(folder)
        say(f"removed {folder}")
    say("the engine and the images stay in the cache; everything else of the demo is gone")


def _real(say: Say, image: str | None) -> Project:
    from components.images.build import build

    need_its_image(REAL, image)
    need_buildable(REAL, image)
    say(f"lab {LAB}: a KVM host of its own in namespaces")
    lab = Lab(LAB)
    claim(lab)
    status = lab.up(say)
    say(f"lab {LAB}: {status.acceleration} ({status.acceleration_why}), {status.uri}")
    project = make_project(REAL, image or IMAGE)
    use_host(project, driver="libvirt", uri=lab.uri, probe=lab.probe)
    say(f"project {project.folder}: a copy of the example fleet, yours to edit")
    build(image_of(project.fleet), project.fleet, say)
    return project


def claim(lab: Lab) -> None:
    """Write down that this checkout's demo made the lab, before it is made. Raises DomainError when another did."""
    owner = _owner_file(lab)
    if _owner(lab) is None:
        if lab.places.data.exists():
            raise DomainError(
                f"There is a lab {LAB} on this machine that no demo made. Nothing was touched.",
                f"Remove it with everything in it, if nobody needs it: vps lab down {LAB} --data",
            )
        owner.parent.mkdir(parents=True, exist_ok=True)
        owner.write_text(f"{REAL}\n", encoding="utf-8")
    if _owner(lab) != str(REAL):
        raise DomainError(
            f"The demo of another checkout is up on this machine: {_owner(lab)}. Nothing was touched.",
            "Take it down there first: ./run demo --down",
        )


def _owner(lab: Lab) -> str | None:
    file = _owner_file(lab)
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None


def _owner_file(lab: Lab) -> Path:
    return lab.places.data.with_name(f"{LAB}.made-by")


def _wait_for_web(say: Say, fleet: Fleet) -> None:
    vps = fleet.clients[CLIENT].vps[VPS]
    lab = Lab(LAB)
    urls = [f"http://{address}/" for address in vps.ipv4] + [f"http://[{address}]/" for address in vps.ipv6]
    curl = ["curl", "--silent", "--max-time", "5", "--header", f"Host: {vps.fqdn}"]
    end = time.monotonic() + WEB_DEADLINE_S
    said = 0.0
    for url in urls:
        while True:
            answer = lab.run([*curl, "--fail", url], timeout=10)
            if answer.returncode == 0:
                say(f"{url} answers")
                break
            if time.monotonic() > end:
                raise DomainError(
                    f"{url} did not answer within {WEB_DEADLINE_S} s, although its guest says that it serves it.",
                    f"Look at its console: virsh -c {lab.uri} console {_domain(fleet)}, then run ./run demo again.",
                )
            if time.monotonic() - said > 15:
                say(f"the guest is delivered; waiting for {url}")
                said = time.monotonic()
            time.sleep(1)
    page = lab.run([*curl, urls[0]], timeout=10).stdout.splitlines()
    shown = page if len(page) <= PAGE_LINES else [*page[:PAGE_LINES], f"… and {len(page) - PAGE_LINES} more lines"]
    print("\nThe page it serves:\n" + "\n".join(f"  {line}" for line in shown))


def _wait_for_delivery(say: Say, fleet: Fleet) -> Heard:
    """What the guest says once its first boot is through. Raises DomainError when that takes too long."""
    client = fleet.clients[CLIENT]
    line = Line(client=client, vps=client.vps[VPS])
    heard, is_done = Watch(fleet, line, (), say).until(time.monotonic() + DELIVERY_DEADLINE_S)
    if not is_done:
        raise DomainError(
            f"{line.title} was not delivered within {DELIVERY_DEADLINE_S} s.",
            f"It goes on by itself; follow it with `vps deliver {line.title}`, or run ./run demo again.",
        )
    return heard


def _domain(fleet: Fleet) -> str:
    from components.domain.names import domain_name

    client = fleet.clients[CLIENT]
    return domain_name(fleet.id, client.id, client.vps[VPS].id)


def _print_made(fleet: Fleet, heard: Heard) -> None:
    client = fleet.clients[CLIENT]
    vps = client.vps[VPS]
    driver = connect(host_ref(fleet.hosts[HOST]))
    try:
        machine = driver.read(vps.machine_uuid(fleet.id, client.id))
    finally:
        driver.close()
    print("\nWhat was made:\n")
    show(document(fleet, client, vps, machine, heard), Console(soft_wrap=True, highlight=False), heard)


def _print_experiments(project: Project, fleet: Fleet, *, fake: bool) -> None:
    here = Path.cwd()
    place = project.fleet.relative_to(here) if project.fleet.is_relative_to(here) else project.fleet
    command = CHECKOUT / ".venv" / "bin" / "vps"
    vps = command.relative_to(here) if command.is_relative_to(here) else command
    stack, file = client_stack(CLIENT), f"{place}/clients/{CLIENT}.yaml"
    client = fleet.clients[CLIENT]
    machine = client.vps[VPS]
    print(f"\nReach it (inside the lab's network): {vps} lab status {LAB}" if not fake else "")
    if not fake:
        print(f"  nsenter --net=/run/netns/vps-{LAB} curl http://{machine.ipv4[0]}/")
        print(f"  virsh -c '{fleet.hosts[HOST].uri}' console {_domain(fleet)}      # leave with Ctrl-]")
        lower = (
            f"virsh -c '{fleet.hosts[HOST].uri}' schedinfo {_domain(fleet)} --live --config --set global_quota=20000"
        )
        count = f"virsh -c '{fleet.hosts[HOST].uri}' list --all; virsh -c '{fleet.hosts[HOST].uri}' vol-list vps"
    else:
        world = place.parent / ".vps" / "world"
        lower = f"""sed -i 's/"cpuCapPercent": [0-9]*/"cpuCapPercent": 20/g' {world}/domains/*.json"""
        count = f"ls {world}/domains {world}/volumes/vps"
    second = (
        f'  web2: {{id: v-b8x2, package: small@2026-01, term: {{months: 3, start: "2026-12-01", renew: true}}, '
        f"host: {HOST}, network: public1, ipv4: [192.0.2.11], fqdn: web2.coop.example, image: {IMAGE}}}"
    )
    print(rf"""
Four experiments to paste, after this line:

   export VPS_FLEET={project.fleet}

1. Raise limits and see "live" (a disk grows and never shrinks, so there is no way back):
   sed -i 's/small@2026-01/medium@2026-01/' {file}
   {vps} preview {stack}; {vps} up {stack} --yes; {vps} show {CLIENT}/{VPS}

2. Lower one behind the file's back and see drift (exit status 2), then mend it:
   {lower}
   {vps} drift {stack}; echo "exit status $?"; {vps} up {stack} --yes

3. kill -9 an up that makes a second VPS, and run it again (two machines, a disk each, nothing lost):
   echo '{second}' >> {file}
   {vps} up {stack} --yes </dev/null >/tmp/up.log 2>&1 & up=$!
   until grep -q creating /tmp/up.log; do sleep 0.1; done; kill -9 $(pgrep -x pulumi -P $up); wait $up
   {vps} up {stack} --yes; {count}

4. Delete a VPS's lines and see the refusal:
   cp {file} /tmp/{CLIENT}.yaml; sed -i '/^  web2:/d' {file}
   {vps} up {stack} --yes; mv /tmp/{CLIENT}.yaml {file}

Remove everything again: ./run demo{" --fake" if fake else ""} --down""")


if __name__ == "__main__":
    main()
