"""Names of columns, compared as people mean them."""


def plain_name(name: str) -> str:
    """A column's name as it is compared."""
    return "".join(char for char in name.casefold() if char not in " _-\t\ufeff")
