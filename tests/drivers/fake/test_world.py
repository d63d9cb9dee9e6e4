"""The fake world is safe for several processes, and says what is wrong with it."""

import json
import multiprocessing

import pytest

from components.drivers.base import HostRef
from components.drivers.errors import DriverError
from components.drivers.fake.driver import FakeDriver
from components.drivers.fake.world import World


def count(folder, times):
    world = World(folder)
    for _ in range(times):
        with world.locked():
            found = world.get("things", "one")
            world.put("things", "one", {"n": found["n"] + 1})


def test_processes_do_not_lose_each_others_writes(tmp_path):
    World(tmp_path).put("things", "one", {"n": 0})
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=count, args=(tmp_path, 200)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert World(tmp_path).get("things", "one") == {"n": 600}


def test_a_write_of_another_hand_is_seen(tmp_path):
    world = World(tmp_path)
    world.put("things", "a/b c", {"n": 1})
    assert world.all("things") == {"a/b c": {"n": 1}}

    (file,) = (tmp_path / "things").glob("*.json")
    file.write_text(json.dumps({"n": 2}))

    assert world.get("things", "a/b c") == {"n": 2}
    world.remove("things", "a/b c")
    assert world.get("things", "a/b c") is None


def test_generations_never_repeat(tmp_path):
    world = World(tmp_path)

    assert [world.generation(), World(tmp_path).generation(), world.generation()] == [1, 2, 3]


def test_a_broken_file_is_said(tmp_path):
    world = World(tmp_path)
    world.put("things", "one", {})
    next((tmp_path / "things").glob("*.json")).write_text("{")

    with pytest.raises(DriverError, match="Mend or remove the file"):
        world.get("things", "one")


@pytest.mark.parametrize("uri", ["fake://relative/path", "fake:path", "qemu:///system", ""])
def test_a_host_that_is_no_folder_is_said(uri):
    with pytest.raises(DriverError, match="fake:///absolute/path"):
        FakeDriver(HostRef(name="h", driver="fake", uri=uri))
