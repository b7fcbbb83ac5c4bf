"""One module a group of rows: `measure()` returns them."""
