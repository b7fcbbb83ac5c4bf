"""Amounts of money, for people."""

from decimal import Decimal


def shown(usd: Decimal | float) -> str:
    """An amount for people: cents, and below a cent the first two digits that are not zero.

    >>> [shown(Decimal(text)) for text in ("1234.5", "0.0123", "0.000012345", "0")]
    ['$1,234.50', '$0.012', '$0.000012', '$0']
    """
    amount = usd if isinstance(usd, Decimal) else Decimal(str(usd))
    if not amount:
        return "$0"
    if abs(amount) >= Decimal("0.1"):
        return f"${amount:,.2f}" if amount > 0 else f"-${-amount:,.2f}"
    places = 1 - amount.adjusted()
    return f"${amount:.{places}f}" if amount > 0 else f"-${-amount:.{places}f}"
