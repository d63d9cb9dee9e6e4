"""Protected, or its end is declared."""

import pytest

RULE = "protected-or-ending"


@pytest.mark.parametrize(("protect", "ends"), [(True, ""), (False, "2027-03-01"), (True, "2027-03-01")])
def test_a_kept_or_ending_machine_passes(judge, machine, protect, ends):
    assert judge({**machine, "ends": ends}, RULE, protect=protect) == []


def test_a_machine_that_a_line_could_end(judge, machine):
    (message,) = judge(machine, RULE, protect=False)
    assert message.startswith("example-coop/web1: the machine is neither protected nor does it carry an ends date")
    assert "protect=True" in message


@pytest.mark.parametrize("ends", ["soon", "2027-3-1", "20270301", "2027-02-30"])
@pytest.mark.parametrize("protect", [True, False])
def test_an_end_that_is_no_date(judge, machine, ends, protect):
    (message,) = judge({**machine, "ends": ends}, RULE, protect=protect)
    assert f'ends is "{ends}", which is no date' in message


@pytest.mark.parametrize("kind", ["StoragePool", "Network", "Image"])
def test_what_machines_stand_on_is_protected(judge, kind):
    properties = {"host": {"name": "lab1"}, "ends": "2027-03-01"}
    assert judge(properties, RULE, type_=f"vps:index:{kind}", name="lab1-x") == []
    (message,) = judge(properties, RULE, type_=f"vps:index:{kind}", name="lab1-x", protect=False)
    assert message.startswith(f"lab1-x: vps:index:{kind} is not protected")
