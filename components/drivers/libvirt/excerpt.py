"""What a scan reads of a domain's description, cut out of it before it is parsed: parsing is most of a scan's work.

libvirtd writes one element a line, indented by two spaces a level, and escapes every text but one: metadata, which
others put there too. So everything is looked for behind the last end of a metadata element, where nothing but
libvirtd's own elements stands. What looks otherwise than expected is left in.
"""

METADATA, METADATA_END = "\n  <metadata", "\n  </metadata>\n"
SYSTEM, DEVICES, DEVICES_END = "\n  <os>\n", "\n  <devices>\n", "\n  </devices>\n"
CONTROLLER, NIC, NIC_END = "\n    <controller ", "\n    <interface ", "\n    </interface>\n"
READ_OF_TOP = ("\n  <vcpu", "\n  <memory ", "\n  <maxMemory ", "\n  <cputune>")
READ_OF_DEVICES = ("\n    <disk ", NIC, "\n    <memory ")


def of(text: str, *, metadata: bool = True) -> str:
    """The domain without what stands between its system and its devices, its controllers, and what follows its NICs.

    Nothing is cut where vCPUs, memory, CPU tuning, disks, NICs or memory devices stand. Without `metadata` that is cut
    as well.
    """
    behind = text.rfind(METADATA_END)
    devices = text.find(DEVICES, behind)
    end = text.rfind(DEVICES_END, devices)
    if min(behind, devices, end) < 0:
        return text
    system = _or(text.find(SYSTEM, behind, devices), devices)
    if _holds(text, READ_OF_TOP, system, devices):
        system = devices
    controller = _or(text.find(CONTROLLER, devices, end), end)
    nic = _or(text.find(NIC, controller, end), controller)
    if _holds(text, READ_OF_DEVICES, controller, nic):
        controller = nic
    rest = _or(text.rfind(NIC_END, nic, end), end)
    if rest != end:
        rest += len(NIC_END) - 1
    if _holds(text, READ_OF_DEVICES, rest, end):
        rest = end
    # What stands before metadata is escaped, so that the first that looks like its begin is it.
    head = text[:system] if metadata else text[: text.find(METADATA)] + text[behind + len(METADATA_END) - 1 : system]
    return f"{head}{text[devices:controller]}{text[nic:rest]}{text[end:]}"


def _or(found: int, otherwise: int) -> int:
    return otherwise if found < 0 else found


def _holds(text: str, parts: tuple[str, ...], first: int, last: int) -> bool:
    for part in parts:  # noqa: SIM110 - a generator would take as long as the search
        if text.find(part, first, last) >= 0:
            return True
    return False
