"""A client's statement as people and machines read it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.domain.fees import TermFee
    from components.domain.fleet import Fleet
    from components.domain.prices import Line
    from components.domain.statements import Account, Statement, Step

HEADS = ("vps", "package", "extras", "discount", "VIP", "a month", "term", "fee", "next due")
RIGHT = (3, 4, 5, 7)
LEAVING = (4, 3, 2, 6, 8, 7)
"""What goes under its row where a terminal has no room."""


def money(amounts: Mapping[str, Decimal], currency: str) -> str:
    """Amounts in words, each currency by itself; nothing is 0.00 of the fleet's own."""
    return " + ".join(f"{amount:.2f} {name}" for name, amount in amounts.items()) or f"0.00 {currency}"


def signed(amounts: Mapping[str, Decimal]) -> str:
    """As `money`, with a plus before what is more."""
    return ", ".join(f"{amount:+.2f} {name}" for name, amount in amounts.items())


def table(cells: Sequence[tuple[str, ...]], right: Sequence[int] = (), leaving: Sequence[int] = ()) -> list[str]:
    """Rows in columns; those at `right` stand at their right, `leaving` go under their row where there is no room."""
    from components.cli.terminal import width
    from components.report import columns

    return columns.table(cells, width() if leaving else None, right=right, leaving=leaving, quiet=("", "-", "->"))


def headless(cells: Sequence[tuple[str, ...]], right: Sequence[int], leaving: Sequence[int]) -> list[str]:
    """As `table`, of rows alone."""
    return table([("",) * len(cells[0]), *cells], right, leaving)[1:]


def client_lines(fleet: "Fleet", found: "Statement") -> list[str]:
    """All VPSs of a client, one a line, what comes once, and when something changes."""
    client, day = found.client, found.day
    zone = _zone(fleet, found)
    head = f"{client.name} ({client.key}), {client.contract.version}, on {day} in {zone}"
    out = [head, ""]
    out += table([HEADS, *(_row(fleet, account) for account in found.accounts)], RIGHT, LEAVING)
    out += ["", f"a month, of what is sold on {day}: {money(found.month, fleet.currency)}"]
    out += _more(fleet, found.accounts)
    return [_clean(line) for line in out]


def vps_lines(fleet: "Fleet", found: "Statement", name: str) -> list[str]:
    """One VPS: every line of its month and of its term."""
    from components.domain.prices import split

    account = next(one for one in found.accounts if one.vps.key == name)
    months = account.vps.term.months
    out = [f"{found.client.key}/{name}, {found.client.contract.version}, on {found.day} in {_zone(fleet, found)}", ""]
    out.append(f"a month on {account.day}" + ("" if account.is_sold else f": {_when_sold(account)}"))
    cells = [("  " + line.what, f"{line.amount:.2f}", line.currency) for line in account.lines]
    cells += _sums(account.lines)
    out += table(cells, (1,))
    for title, fee in (("term", account.term), ("next term", account.following)):
        if fee is None or (title == "next term" and fee.number == account.term.number):
            continue
        ours = fee.totals
        out += ["", f"{title} of {_months(months)}, {fee.start} up to {fee.end}, due {fee.due}"]
        term = [("  " + line.what, f"{line.amount:.2f}", line.currency, _days(line, fee)) for line in fee.lines]
        out += table([*term, *((*one, "") for one in _sums(fee.lines))], (1,))
        if months > 1:
            shares = {currency: _shares(split(amount, months)) for currency, amount in ours.items()}
            out += [f"  shown per month: {text} {currency}" for currency, text in shares.items()]
    out += _more(fleet, (account,))
    return [_clean(line) for line in out]


def client_data(fleet: "Fleet", found: "Statement", only: str = "") -> dict[str, Any]:
    """The statement for machines: amounts are text, so that nobody reads them as floats."""
    return {
        "client": found.client.key,
        "day": found.day.isoformat(),
        "zone": _zone(fleet, found),
        "currency": fleet.currency,
        "month": amounts(found.month),
        "vps": [_data(one) for one in found.accounts if only in ("", one.vps.key)],
    }


def amounts(found: Mapping[str, Decimal]) -> dict[str, str]:
    """Amounts by currency, as text."""
    return {currency: f"{amount:.2f}" for currency, amount in found.items()}


def line_data(line: "Line") -> dict[str, Any]:
    """One line for machines."""
    return {
        "kind": str(line.kind),
        "what": line.what,
        "amount": f"{line.amount:.2f}",
        "currency": line.currency,
        "start": line.start.isoformat() if line.start else None,
        "end": line.end.isoformat() if line.end else None,
        "due": line.due.isoformat() if line.due else None,
    }


def _data(account: "Account") -> dict[str, Any]:
    from components.domain.prices import totals

    return {
        "vps": account.vps.key,
        "id": account.vps.id,
        "sold": account.is_sold,
        "shown": account.day.isoformat(),
        "month": {"lines": [line_data(one) for one in account.lines], "totals": amounts(totals(account.lines))},
        "term": _fee_data(account, account.term),
        "next": _fee_data(account, account.following) if account.following else None,
        "once": [line_data(one) for one in account.once],
        "changes": [
            {
                "day": step.day.isoformat(),
                "before": amounts(step.before),
                "after": amounts(step.month),
                "why": list(step.why),
            }
            for step in account.steps
        ],
    }


def _fee_data(account: "Account", fee: "TermFee") -> dict[str, Any]:
    from components.domain.prices import split

    months = account.vps.term.months
    return {
        "number": fee.number,
        "months": months,
        "start": fee.start.isoformat(),
        "end": fee.end.isoformat(),
        "due": fee.due.isoformat(),
        "lines": [line_data(one) for one in fee.lines],
        "totals": amounts(fee.totals),
        "per_month": {
            currency: [f"{share:.2f}" for share in split(amount, months)] for currency, amount in fee.totals.items()
        },
    }


def _row(fleet: "Fleet", account: "Account") -> tuple[str, ...]:
    from components.domain.prices import Kind, totals

    def of(kind: Kind) -> str:
        return money(totals(one for one in account.lines if one.kind is kind), "") if _has(account, kind) else "-"

    package = next(one for one in account.lines if one.kind is Kind.PACKAGE)
    extras = ", ".join(f"{one.what} {one.amount:.2f}" for one in account.lines if one.kind is Kind.EXTRA)
    then = account.following
    return (
        account.vps.key,
        f"{package.what} {package.amount:.2f}",
        extras or "-",
        of(Kind.DISCOUNT),
        of(Kind.VIP),
        money(totals(account.lines), fleet.currency),
        f"{account.term.start} to {account.term.end}",
        money(account.term.totals, fleet.currency),
        f"{then.due}: {money(then.totals, fleet.currency)}" if then else "none",
    )


def _has(account: "Account", kind: object) -> bool:
    return any(one.kind is kind for one in account.lines)


def _more(fleet: "Fleet", accounts: Sequence["Account"]) -> list[str]:
    """What comes once, and what changes."""
    out: list[str] = []
    once = [line for account in accounts for line in account.once]
    if once:
        out += ["", "once"]
        cells = [
            (f"  {line.vps}", f"{line.kind}: {line.what}", f"{line.amount:.2f}", line.currency, _due(line))
            for line in once
        ]
        if len(cells) > 1:
            cells += [("", "together", amount, currency, "") for _, amount, currency in _sums(once)]
        out += headless(cells, (2,), (4,))
    changes = sorted(
        ((step, account) for account in accounts for step in account.steps), key=lambda found: found[0].day
    )
    if changes:
        out += ["", "what changes in a month's price"]
        out += headless([_change(fleet, step, account) for step, account in changes], (2, 4), (5,))
    for account in accounts:
        vps, term = account.vps, account.term
        if vps.ends is not None and account.following is None and vps.ends < term.end:
            out += ["", f"{vps.key} ends on {vps.ends}; its term, which is owed whole, goes on to {term.end}."]
    return out


def _change(fleet: "Fleet", step: "Step", account: "Account") -> tuple[str, ...]:
    before, after = (money(one, fleet.currency) for one in (step.before, step.month))
    return (f"  {step.day}", account.vps.key, before, "->", after, "; ".join(step.why))


def _due(line: "Line") -> str:
    return f"due {line.due}, on signing" if line.due else f"due on reception of the invoice, for {line.start}"


def _days(line: "Line", fee: "TermFee") -> str:
    whole = (line.start, line.end) == (fee.start, fee.end)
    return "" if whole else f"{line.start} up to {line.end}"


def _sums(lines: Sequence["Line"]) -> list[tuple[str, str, str]]:
    from components.domain.prices import totals

    if len(lines) < 2:
        return []
    return [("  together", f"{amount:.2f}", currency) for currency, amount in totals(lines).items()]


def _shares(shares: Sequence[Decimal]) -> str:
    """`8 x 24.92, 4 x 24.91`."""
    return ", ".join(f"{shares.count(one)} x {one:.2f}" for one in dict.fromkeys(shares))


def _months(number: int) -> str:
    return f"{number} month{'s' if number > 1 else ''}"


def _when_sold(account: "Account") -> str:
    begun = account.vps.term.start
    return f"it begins on {begun}" if account.day == begun else "it has ended"


def _zone(fleet: "Fleet", found: "Statement") -> str:
    version = fleet.contracts.get(found.client.contract.version)
    return version.time_zone if version is not None else "UTC"


def _clean(line: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in line)
