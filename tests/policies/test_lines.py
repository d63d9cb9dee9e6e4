"""A machine has its line."""

RULE = "machine-is-declared"


def test_a_declared_machine_passes(judge, machine):
    assert judge(machine, RULE) == []


def test_a_machine_whose_line_is_gone(judge, machine, fleet):
    fleet.edit("clients/example-coop.yaml", lambda data: data["vps"].pop("web1"))
    (message,) = judge(machine, RULE)
    assert message == (
        "example-coop/web1: clients/example-coop.yaml declares no VPS with the id v-h3k9. "
        "Put it back: a machine without a line has no package, no term and nobody who pays."
    )


def test_a_file_that_is_broken_is_not_called_one_without_a_line(judge, machine, fleet):
    fleet.write("clients/example-coop.yaml", "id: c-q7m2\nvps: [web1\n")
    (message,) = judge(machine, RULE)
    assert "clients/example-coop.yaml is no YAML: did not find expected ',' or ']'" in message
    assert "(line 3)" in message
    assert "unicode string" not in message
    assert "nobody who pays" not in message


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
