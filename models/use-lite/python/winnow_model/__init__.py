"""Builds the encoder's files from the published USE-lite package, with TensorFlow."""

from winnow_model.build import build_model

__all__ = ["build_model"]
