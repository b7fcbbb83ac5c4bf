"""Builds the encoder's files from the published USE-lite package."""

from winnow_model.build import build_model
from winnow_model.references import build_references

__all__ = ["build_model", "build_references"]
