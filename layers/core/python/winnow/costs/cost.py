"""Quantities times prices, in Decimal. What has no price is named, and is not counted as zero."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from winnow.costs.prices import PriceList, units

Quantities = Mapping[str, Decimal | int]
"""How much of what was used, by the names of the price table."""


@dataclass(frozen=True)
class CostItem:
    """One line of a bill."""

    name: str
    quantity: Decimal
    usd: Decimal | None
    """None: the region's price is not known."""

    @property
    def of(self) -> str:
        """What it is a price of."""
        return units()[self.name]


@dataclass(frozen=True)
class Cost:
    """A bill."""

    items: tuple[CostItem, ...] = ()

    @property
    def usd(self) -> Decimal:
        """The sum of what has a price."""
        return sum((item.usd for item in self.items if item.usd is not None), Decimal())

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of what was used and has no price, in the order of the items."""
        return tuple(dict.fromkeys(item.name for item in self.items if item.usd is None))

    @property
    def complete(self) -> bool:
        """Whether all that was used has a price."""
        return not self.missing


def cost(used: Quantities, prices: PriceList) -> Cost:
    """What the quantities cost; those that are zero are left out.

    >>> from winnow.costs.prices import price_list
    >>> cost({"states_transition": 1_000}, price_list("us-east-1")).usd
    Decimal('0.025000')
    """
    items = []
    for name, amount in used.items():
        price = prices.get(name)
        quantity = Decimal(amount)
        if quantity:
            items.append(CostItem(name, quantity, None if price is None else quantity * price.usd))
    return Cost(tuple(items))


def together(costs: Iterable[Cost]) -> Cost:
    """One bill of several, with one item for each name."""
    quantities: dict[str, Decimal] = {}
    amounts: dict[str, Decimal | None] = {}
    for item in (item for one in costs for item in one.items):
        quantities[item.name] = quantities.get(item.name, Decimal()) + item.quantity
        known = amounts.get(item.name, Decimal())
        amounts[item.name] = None if known is None or item.usd is None else known + item.usd
    return Cost(tuple(CostItem(name, quantities[name], amounts[name]) for name in quantities))
