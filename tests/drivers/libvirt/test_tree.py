"""XML in and out keeps what people wrote."""

from hypothesis import given
from hypothesis import strategies as st

from components.drivers.libvirt import tree


def test_prefixes_stay():
    text = '<a xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><qemu:arg value="1" /></a>'

    assert tree.text(tree.parse(text)) == text


@given(st.text())
def test_any_text_can_be_carried(content):
    parent = tree.Element("a")
    tree.add(parent, "b", content, c=content)

    found = tree.parse(tree.text(parent)).find("b")

    # A parser reads every kind of line end as \n, in attributes it is kept apart.
    assert (found.text or "") == tree.clean(content).replace("\r\n", "\n").replace("\r", "\n")
    assert found.get("c") == tree.clean(content).replace("\r", "\r")


def test_a_missing_path_is_made_once():
    parent = tree.Element("a")

    assert tree.child(parent, "b/c") is tree.child(parent, "b/c")
    assert tree.value(parent, "b/c") == ""
    assert tree.attribute(parent, "b/none", "x") == ""
