"""A machine that carries this fleet's mark and that state does not know: what that means."""

from components.drivers.base import Mark


def told(name: str, mark: Mark, backend: str | None, *, declared: bool) -> tuple[str, str, str]:
    """Class of the finding (`components.report.findings.CLASSES`), its key and its words.

    `backend` is the id of the backend whose state was read, None where nobody asks.
    """
    if not declared:
        return "foreign", "mark", f"{name} carries this fleet's mark, and neither files nor state know it"
    if backend not in (None, mark.backend):
        words = (
            f"it is declared and there, under the state of backend {mark.backend}, and this is another one, where up "
            "refuses it: work there; if that state is lost for good: vps rebuild"
        )
        return "danger", "state", words
    return "benign", "state", "it is declared and there, and this state does not know it: up takes it over"
