"""What can be judged of other providers' machines is, what can't is named."""

import copy

import pytest

from policies.rules import RULES
from tests.policies.strangers import DOMAIN, OLD_DOMAIN, VM

LIBVIRT = "libvirt:index/domain:Domain"
PROXMOX = "proxmoxve:VM/virtualMachine:VirtualMachine"
LIMITS, KEPT, FITS, KEYS, UNJUDGED = (rule.name for rule in RULES if rule.foreign)


def test_a_vm_as_sold_passes_all_that_can_be_judged(judge):
    assert [message for rule in (LIMITS, KEPT, FITS, KEYS) for message in judge(VM, rule, type_=PROXMOX)] == []


@pytest.mark.parametrize("bag", [DOMAIN, OLD_DOMAIN])
def test_a_domain_as_sold_passes_all_that_can_be_judged(judge, bag):
    assert [message for rule in (LIMITS, KEPT, FITS, KEYS) for message in judge(bag, rule, type_=LIBVIRT)] == []


def test_no_rule_of_ours_judges_it(judge):
    assert {rule for rule in (one.name for one in RULES) if judge(VM, rule, type_=PROXMOX)} == {UNJUDGED}


def test_none_of_these_judges_a_machine_of_ours(judge, machine):
    assert [message for rule in RULES if rule.foreign for message in judge(machine, rule.name)] == []


def test_a_limit_that_is_lacking(judge):
    bag = copy.deepcopy(VM)
    del bag["cpu"]["limit"]
    (message,) = judge(bag, LIMITS, type_=PROXMOX, name="web")
    assert message.startswith("web: limit cpu_cap is not declared")
    (message,) = judge({**DOMAIN, "cpuTune": {}}, LIMITS, type_=LIBVIRT, name="web")
    assert message.startswith("web: limit cpu_cap is not declared")


def test_a_limit_that_was_not_sold(judge):
    (message,) = judge({**VM, "memory": {"dedicated": 4096.0}}, LIMITS, type_=PROXMOX, name="web")
    assert message == ("web: memory is 4096 MiB, but example-coop/web1 was sold 2048 MiB (VPS-5). Give what was sold.")
    assert judge({**VM, "name": "web", "memory": {"dedicated": 4096.0}}, LIMITS, type_=PROXMOX) == []


def test_not_protected(judge):
    (message,) = judge(VM, KEPT, type_=PROXMOX, protect=False)
    assert "is not protected" in message


def test_larger_than_its_host_may_sell(judge):
    (message,) = judge({**VM, "memory": {"dedicated": 6200.0}}, FITS, type_=PROXMOX, name="web")
    assert message.startswith("web: 6200 MiB of memory are more than lab1 may sell in all (6144).")
    assert judge({**VM, "memory": {"dedicated": 6080.0}}, FITS, type_=PROXMOX) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "hunter2"}, "initialization.userAccount.password is a password"),
        ({"keys": []}, "its first account has no key"),
        ({"keys": ["ssh-dss AAAA"]}, "is no OpenSSH public key in use today"),
    ],
)
def test_passwords_and_keys_of_a_vm(judge, change, words):
    bag = copy.deepcopy(VM)
    bag["initialization"]["userAccount"].update(change)
    (message,) = judge(bag, KEYS, type_=PROXMOX)
    assert words in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("type_", "key", "words"),
    [
        ("libvirt:index/cloudInitDisk:CloudInitDisk", "userData", "#cloud-config\npassword: hunter2\n"),
        ("libvirt:index/cloudInitDisk:CloudInitDisk", "userData", "users:\n  - name: ada\n    passwd: $6$x\n"),
        ("libvirt:index/cloudInitDisk:CloudInitDisk", "userData", "ssh_pwauth: true\n"),
        ("proxmoxve:Storage/file:File", "content", "chpasswd: {list: [a]}\n"),
    ],
)
def test_a_password_in_what_a_guest_is_given(judge, type_, key, words):
    (message,) = judge({key: words}, KEYS, type_=type_)
    assert f"{key} gives a guest a password" in message
    assert "hunter2" not in message
    assert (
        judge({key: "#cloud-config\nusers:\n  - ssh_authorized_keys: [k]\nssh_pwauth: false\n"}, KEYS, type_=type_)
        == []
    )


def test_a_snippet_of_proxmox(judge):
    bag = {"sourceRaw": {"data": "password: hunter2", "fileName": "a.yaml"}}
    (message,) = judge(bag, KEYS, type_="proxmoxve:Storage/file:File")
    assert "sourceRaw gives a guest a password" in message


def test_what_can_not_be_judged_is_named(judge):
    (vm,) = judge(VM, UNJUDGED, type_=PROXMOX, name="web")
    assert vm.startswith("web: can't judge host-not-oversold, image-may-be-installed, access-is-listed (no inputs")
    assert "Look yourself and set foreign-not-judged to advisory in policies.yaml" in vm
    (domain,) = judge(OLD_DOMAIN, UNJUDGED, type_=LIBVIRT)
    for words in (
        "foreign-has-limits (cpu_cap, disk, disk_iops, disk_rate, nic_rate)",
        "datacentre-is-secure, hardware-is-replaceable (no host of ours)",
        "own-addresses-only",
    ):
        assert words in domain
    (stranger,) = judge({**VM, "name": "web", "nodeName": "pve9"}, UNJUDGED, type_=PROXMOX)
    assert "its name ends in the ids of no declared VPS" in stranger
    assert "no host of ours" in stranger


@pytest.mark.parametrize("type_", ["proxmoxve:CT/container:Container", "proxmoxve:VM/virtualMachine2:VirtualMachine2"])
def test_a_machine_of_no_known_shape_is_named(judge, type_):
    (message,) = judge({"cpu": {"cores": 2.0}}, UNJUDGED, type_=type_, name="ct")
    assert message.startswith(f"ct: can't judge {type_}: nothing here knows its shape.")


@pytest.mark.parametrize(
    "type_", ["libvirt:index/volume:Volume", "libvirt:index/network:Network", "aws:ec2/instance:Instance"]
)
def test_what_is_no_machine_of_ours_to_know(judge, type_):
    assert judge({"size": 1.0}, type_=type_, protect=False) == []
