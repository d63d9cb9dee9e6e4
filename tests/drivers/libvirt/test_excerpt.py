"""Nothing that a scan reads is cut out, whatever stands around it or in somebody's metadata."""

import pytest

from components.drivers.libvirt import excerpt, tree
from tests.drivers.libvirt.foreign import GOLDEN

READ = ("disk", "interface", "memory")
OURS = '<v:machine xmlns:v="urn:aegir-vps:machine"/>'


def described(name, metadata=OURS):
    """A real description with metadata as libvirtd writes it."""
    text = (GOLDEN / f"{name}.xml").read_text()
    if "<metadata" not in text:
        text = text.replace("</uuid>\n", "</uuid>\n  <metadata>\n  </metadata>\n", 1)
    return text.replace("\n  </metadata>", f"\n    {metadata}\n  </metadata>", 1)


def written(found):
    return [tree.text(part).strip() for part in found]


def read(text):
    """Everything that may be read of a domain: what may be left out of its top is named here."""
    domain = tree.glance(text)
    behind = {"os", "features", "cpu", "clock", "on_poweroff", "on_reboot", "on_crash", "pm", "devices"}
    top = written(part for part in domain if part.tag not in behind)
    return domain.attrib, top, written(part for part in domain.find("devices") if part.tag in READ)


@pytest.mark.parametrize("name", ["uefi", "legacy", "numa"])
def test_what_is_read_stays_as_it_is(name):
    whole = described(name)
    cut = excerpt.of(whole)

    assert read(cut) == read(whole)
    assert len(cut) < len(whole)


def test_plumbing_is_left_out():
    cut = tree.glance(excerpt.of(described("legacy")))

    left_out = {"devices/controller", "devices/memballoon", "devices/serial", "features"}
    assert [path for path in left_out if cut.find(path) is not None] == []


@pytest.mark.parametrize(
    "metadata",
    [
        "<a:x xmlns:a='urn:a'>\n  <os>\n  </os>\n  <devices>\n    <controller />\n  </devices>\n</a:x>",
        "<a:x xmlns:a='urn:a'>\n  <metadata>\n  </metadata>\n  <devices>\n  </devices>\n</a:x>",
        "<!--\n  </metadata>\n  <os>\n  <devices>\n    <controller \n-->",
        "<![CDATA[\n  </metadata>\n  <devices>\n    <interface \n  </devices>\n]]>",
    ],
)
def test_metadata_that_looks_like_a_domain_misleads_nobody(metadata):
    whole = described("legacy", OURS + metadata)
    attributes, top, devices = read(whole)

    assert read(excerpt.of(whole)) == (attributes, top, devices)
    without = [part for part in top if not part.startswith("<metadata")]
    assert len(without) == len(top) - 1
    assert read(excerpt.of(whole, metadata=False)) == (attributes, without, devices)


@pytest.mark.parametrize("kind", READ)
def test_a_device_where_none_is_expected_is_kept(kind):
    """An order that libvirtd does not have today costs time, never a device."""
    more = f"    <{kind} type='x'>\n      <alias name='ua-{kind}-more'/>\n    </{kind}>\n"
    for place in ("    <controller ", "    <memballoon ", "  </devices>\n"):
        whole = described("legacy")
        assert place in whole
        head, found, rest = whole.rpartition(place)
        whole = f"{head}{more}{found}{rest}"
        assert f"ua-{kind}-more" in excerpt.of(whole)
        assert read(excerpt.of(whole)) == read(whole)


@pytest.mark.parametrize("text", ["<domain/>", "<domain>\n  <metadata>\n  </metadata>\n</domain>", ""])
def test_another_shape_is_left_whole(text):
    assert excerpt.of(text) == text
