"""A machine has its line."""

RULE = "machine-is-declared"


def test_a_declared_machine_passes(judge, machine):
    assert judge(machine, RULE) == []


def test_a_machine_whose_line_is_gone(judge, machine, fleet):
    fleet.edit("clients/example-coop.yaml", lambda data: data["vps"].pop("web1"))
    (message,) = judge(machine, RULE)
    assert message.startswith(
        "example-coop/web1: clients/example-coop.yaml declares no VPS with the id v-h3k9. Put it back."
    )


def test_a_renamed_vps_is_found_by_its_id(judge, machine, fleet):
    fleet.edit("clients/example-coop.yaml", lambda data: data["vps"].update(shop=data["vps"].pop("web1")))
    assert judge(machine, RULE) == []


def test_another_clients_file_is_not_its_own(judge, machine):
    (message,) = judge({**machine, "client": "c-0000"}, RULE)
    assert "is another client's" in message


def test_a_host_that_the_line_does_not_name(judge, machine, fleet):
    fleet.edit_vps(lambda vps: vps.update(host="lab2"))
    (message,) = judge(machine, RULE)
    assert message == (
        "example-coop/web1: it would stand on lab1, but its line says lab2. Run `vps move`, which changes both."
    )


def test_no_file_that_a_client_could_have(judge, machine):
    (message,) = judge({**machine, "title": "../../etc/passwd"}, RULE)
    assert "the machine names no client whom a file could declare" in message
