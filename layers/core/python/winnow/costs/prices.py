"""The table of prices: each with its region, its source and that source's date."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple

ANY = "any"
"""The region of a price that the source states for every region."""
X86 = "x86_64"
_ARM = ("arm64", "aarch64")
_FILE = "prices.toml"


class Source(NamedTuple):
    """The public text that a price was read in."""

    text: str
    date: str
    """Of the price, or of the day that an undated text was read on."""


class Price(NamedTuple):
    """What one of something costs."""

    usd: Decimal
    source: Source


class PriceList:
    """The prices of one region."""

    def __init__(self, region: str, table: str, prices: Mapping[str, Price]) -> None:
        self.region = region
        self.table = table
        """The day that the table was made."""
        self._prices = prices

    def get(self, name: str) -> Price | None:
        """The price of that name; None: no source was found for this region.

        Raises:
            KeyError: The table has no price of that name for any region.
        """
        if name not in units():
            raise KeyError(name)
        return self._prices.get(name)


@cache
def _table() -> dict[str, dict[str, dict[str, object]]]:
    import tomllib  # by Filter, once for a whole run

    return tomllib.loads(Path(__file__).with_name(_FILE).read_text("utf-8"))


@cache
def units() -> Mapping[str, str]:
    """What each price is of: `s3_put` is the price of one `PUT, COPY, POST or LIST request`."""
    return {name: str(entry["per"]) for name, entry in _table()["prices"].items()}


def gb_second_on(processors: str) -> str:
    """The name of the price of a GB-second on these processors, as stacks or machines call them.

    >>> gb_second_on("arm64"), gb_second_on("x86_64")
    ('lambda_gb_second_arm', 'lambda_gb_second')
    """
    return "lambda_gb_second_arm" if processors in _ARM else "lambda_gb_second"


@cache
def regions() -> tuple[str, ...]:
    """The regions that the table has prices of."""
    known = {region for entry in _table()["prices"].values() for region in entry}
    return tuple(sorted(known - {"per", ANY}))


@cache
def price_list(region: str) -> PriceList:
    """The prices of a region. Of one that the table lacks only those of every region are known."""
    table = _table()
    sources = {
        name: Source(str(entry["text"]), str(entry["date"]))
        for name, entry in table["sources"].items()
    }
    found: dict[str, Price] = {}
    for name, entry in table["prices"].items():
        stated = entry.get(region, entry.get(ANY))
        if isinstance(stated, dict):
            found[name] = Price(Decimal(stated["usd"]), sources[stated["source"]])
    return PriceList(region, str(table["table"]), found)
