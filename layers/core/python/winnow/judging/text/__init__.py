"""Texts as segments and vectors."""
