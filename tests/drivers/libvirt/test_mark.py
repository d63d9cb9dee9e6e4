"""Our notes on a machine, as libvirt keeps them."""

from dataclasses import replace

from components.drivers.libvirt import domain_xml, tree
from components.drivers.libvirt import mark as marks
from tests.drivers.libvirt.test_domain_xml import MARK, SPEC

NOTES = domain_xml.notes_for(SPEC, MARK)


def within(notes):
    domain = tree.Element("domain")
    tree.add(domain, "metadata").append(marks.element(notes))
    return tree.parse(tree.text(domain))


def test_notes_come_back_from_the_xml():
    root, nic = NOTES.disks["root"], NOTES.nics["n0"]
    disks, nics = {"root": replace(root, target="vda")}, {"n0": replace(nic, mac="52:54:00:01:02:03")}
    left_out = NOTES.without_rates('no <sch_sfq> & "more"')
    for notes in (NOTES, left_out, NOTES.marked(replace(MARK, revision=5)), replace(NOTES, disks=disks, nics=nics)):
        assert marks.find(within(notes)) == notes


def test_what_is_left_unguarded_is_noted_until_it_is_not_wanted_any_more():
    unguarded = NOTES.without_guard(["n0"], 'no <ebtables> & "more"')
    assert marks.find(within(unguarded)) == unguarded
    assert unguarded.limited(SPEC) == unguarded
    assert unguarded.without_guard(["n0"], "") == NOTES
    nics = {**SPEC.nics, "n0": replace(SPEC.nics["n0"], antispoof=False)}
    assert unguarded.limited(replace(SPEC, nics=nics)) == NOTES


def test_libvirt_gets_the_element_without_namespace():
    assert "<vps:" not in marks.bare(NOTES)
    assert "xmlns" not in marks.bare(NOTES)
    assert marks.bare(NOTES).startswith("<machine ")


def test_a_domain_without_our_element_or_of_a_newer_schema_has_no_notes():
    assert marks.find(tree.Element("domain")) is None
    assert marks.find(within(NOTES.marked(replace(MARK, schema=99)))) is None
