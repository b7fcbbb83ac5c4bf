"""Builds the picture encoder's files from the published EfficientNet-lite0 package."""

from winnow_picture_model.build import build_picture_model

__all__ = ["build_picture_model"]
