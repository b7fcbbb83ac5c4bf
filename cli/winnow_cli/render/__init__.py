"""How answers look: records, uploads and tables, on a terminal, in a pipe or as CSV."""
