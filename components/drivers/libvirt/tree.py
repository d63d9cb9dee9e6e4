"""XML of libvirt as trees: read, built and written in one way.

Prefixes of foreign namespaces are kept as they were read, because people search for `qemu:commandline`.
"""

import io
import re
from xml.etree import ElementTree as ET

Element = ET.Element


def parse(text: str) -> Element:
    """The tree of `text`, which a libvirtd wrote (the operator trusts it as much as the host itself)."""
    for _, (prefix, uri) in ET.iterparse(io.StringIO(text), events=("start-ns",)):  # noqa: S314 - see above
        if prefix and not re.fullmatch(r"ns\d+", prefix):
            ET.register_namespace(prefix, uri)
    return ET.fromstring(text)  # noqa: S314 - see above


def glance(text: str) -> Element:
    """The tree of `text` to look at and never to write: prefixes of foreign namespaces are not kept."""
    return ET.fromstring(text)  # noqa: S314 - see `parse`


def name_prefix(prefix: str, uri: str) -> None:
    """Write `prefix` for the namespace `uri` from now on."""
    ET.register_namespace(prefix, uri)


def text(tree: Element) -> str:
    """The tree as libvirt takes it."""
    return ET.tostring(tree, encoding="unicode")


def add(parent: Element, tag: str, content: str = "", **attributes: str) -> Element:
    """A new last child. Characters that XML can't carry are dropped: they may stand in a client's title."""
    child = ET.SubElement(parent, tag, {name: clean(value) for name, value in attributes.items()})
    if content:
        child.text = clean(content)
    return child


def clean(content: str) -> str:
    """`content` without the characters that XML 1.0 forbids."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", content)


def child(parent: Element, path: str) -> Element:
    """The child at `path` (tags joined by `/`); what is missing of it is made."""
    here = parent
    for tag in path.split("/"):
        found = here.find(tag)
        here = ET.SubElement(here, tag) if found is None else found
    return here


def at(parent: Element, path: str) -> Element | None:
    """The first child at `path`, or None; tag by tag, which is many times quicker than a path of the library."""
    here: Element | None = parent
    for tag in path.split("/"):
        if here is None:
            break
        here = here.find(tag)
    return here


def value(parent: Element, path: str) -> str:
    """The text at `path`, or empty."""
    found = at(parent, path)
    return "" if found is None else (found.text or "").strip()


def attribute(parent: Element, path: str, name: str) -> str:
    """An attribute of the element at `path`, or empty."""
    found = at(parent, path)
    return "" if found is None else found.get(name, "")
