"""What a guest says of itself: as data, and for people; always told as its own word."""

import datetime as dt
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.guest.hearing import Heard
from components.guest.report import Report, instant

WORD = "the guest's own word, which nobody can check from outside"
LOG_LINES = 10


def document(heard: Heard) -> dict[str, Any]:
    """What was heard, as data: `answered`, `silent` (why not), `console`; and its report, where there is one."""
    found: dict[str, Any] = {"answered": heard.report is not None, "silent": heard.silent, "console": heard.console}
    if heard.report is None:
        return found
    report, health = heard.report, heard.report.health
    return {
        **found,
        "delivery": asdict(report.delivery),
        "health": {"state": health.state, "at": health.at, "checks": [asdict(check) for check in health.checks]},
        "flavour": dict(report.flavour),
        **report.sections,
        "notes": report.notes,
        "behind": heard.behind,
    }


def show(heard: Heard, console: Console, now: dt.datetime) -> None:
    """Print it. Texts are a guest's, cleaned when they were read: no markup in them is obeyed."""
    if heard.report is None:
        console.print(f"{'guest':<10} says nothing: {heard.silent}", markup=False)
        if heard.console:
            console.print(f"{'':<10} the end of its serial console ({WORD}):", markup=False)
        for line in heard.console:
            console.print(f"  | {line}", markup=False)
        return
    console.print(f"{'guest':<10} {WORD}:", markup=False)
    for line in lines(heard.report, now):
        console.print(line, markup=False)
    if heard.behind:
        console.print(f"{'settings':<10} {heard.behind}: vps settings CLIENT/VPS", markup=False)
    if heard.report.health.checks:
        console.print(table(heard.report))
    for note in heard.report.notes:
        console.print(f"note: {note}", markup=False)


def lines(report: Report, now: dt.datetime) -> list[str]:
    """Delivery, health, updates, certificates and backup, each in a line or a few."""
    delivery, health = report.delivery, report.health
    found = [f"{'delivery':<10} {delivery.words}{_since(delivery.since, now)}"]
    if not delivery.is_done:
        found += [f"  | {line}" for line in delivery.log[-LOG_LINES:]]
    named = " ".join(report.flavour[name] for name in ("title", "status") if report.flavour.get(name))
    if named:
        found.append(f"{'flavour':<10} {named}")
    found += _updates(report)
    found += _certificates(report.sections.get("certificates"))
    found += _backup(report.sections.get("backup"), now)
    found.append(
        f"{'health':<10} {health.state}{f', looked at {health.at}' if health.at else ''}{_age(health.at, now)}"
    )
    return found


def table(report: Report) -> Table:
    """The checks, worst first."""
    grid = Table(box=None, pad_edge=False)
    for name in ("check", "state", "says"):
        grid.add_column(name, no_wrap=name != "says")
    order = {"fail": 0, "degraded": 1, "pass": 2, "skipped": 3}
    for check in sorted(report.health.checks, key=lambda check: order[check.state]):
        grid.add_row(Text(check.name), Text(check.state), Text(check.message or check.what))
    return grid


def reboot(report: Report) -> str:
    """Why the guest waits for a reboot and since when; empty when it doesn't."""
    waiting = report.reboot
    if waiting is None:
        return ""
    why = ", ".join(waiting.why) or "an update asked for it"
    return f"waits{f' since {waiting.since}' if waiting.since else ''}: {why}"


def _updates(report: Report) -> list[str]:
    said = report.sections.get("updates")
    if not isinstance(said, dict):
        return []
    waits = reboot(report)
    found = [f"{'reboot':<10} {waits}"] if waits else []
    security = said.get("security")
    number = len(security) if isinstance(security, list) else 0
    told = [f"{number} security update{'s' * (number != 1)} wait{'s' * (number == 1)}"]
    nightly = said.get("nightly")
    if isinstance(nightly, dict):
        told.append(f"nightly run {nightly.get('ran') or 'never'}")
        if nightly.get("trouble"):
            told.append(f"trouble: {nightly['trouble']}")
    return [*found, f"{'updates':<10} {'; '.join(told)}"]


def _certificates(said: object) -> list[str]:
    sites = said.get("sites") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(sites, list):
        return []
    staging = " (staging: no browser trusts it)" if said.get("staging") is True else ""
    found = []
    for site in (site for site in sites if isinstance(site, dict)):
        until = f", valid until {site['until']}" if site.get("until") else ""
        message = f": {site['message']}" if site.get("message") else ""
        found.append(f"{site.get('name', '?')} {site.get('state', '?')}{until}{staging}{message}")
    return [f"{'TLS' if not number else '':<10} {line}" for number, line in enumerate(found)]


def _backup(said: object, now: dt.datetime) -> list[str]:
    if not isinstance(said, dict):
        return []
    newest = str(said.get("newest") or "")
    told = f"newest {newest}{_age(newest, now)}" if newest else f"none ({said.get('state', 'unknown')})"
    message = f": {said['message']}" if said.get("message") and said.get("state") != "done" else ""
    return [f"{'backup':<10} {told}{message}"]


def _since(text: str, now: dt.datetime) -> str:
    return f" since {text}{_age(text, now)}" if text else ""


def _age(text: str, now: dt.datetime) -> str:
    at = instant(text)
    if at is None:
        return ""
    minutes = int((now - at).total_seconds() // 60)
    if minutes < 0:
        return " (to come, by our clock)"
    for length, unit in ((1440, "d"), (60, "h"), (1, "min")):
        if minutes >= length:
            return f" ({minutes // length} {unit} ago)"
    return " (now)"
