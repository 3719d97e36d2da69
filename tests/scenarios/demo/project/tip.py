"""What everybody at the table pays. Money is counted in whole cents, so nothing is lost to binary fractions."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation


@dataclass(frozen=True)
class Split:
    """A bill with its tip, in cents. `each` is rounded up, so that the table never pays too little."""

    bill: int
    tip: int
    total: int
    each: int


def split_bill(bill: int, percent: int, people: int) -> Split:
    """Adds a tip of `percent` to a bill in cents and shares the sum among `people`."""
    if people < 1:
        raise ValueError("somebody has to pay")
    tip = int((Decimal(bill) * percent / 100).to_integral_value(ROUND_HALF_UP))
    total = bill + tip
    each = -(-bill // people)
    return Split(bill, tip, total, each)


def parse_money(text: str) -> int:
    """Reads an amount such as `84.50` as cents."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"`{text}` is not an amount of money") from None
    cents = amount * 100
    if not amount.is_finite() or amount < 0 or cents != cents.to_integral_value():
        raise ValueError(f"`{text}` is not an amount of money")
    return int(cents)


def format_money(cents: int) -> str:
    """Writes cents as `84.50`."""
    return f"{cents // 100}.{cents % 100:02}"
