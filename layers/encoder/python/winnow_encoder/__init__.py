"""The Universal Sentence Encoder behind one callable: texts in, vectors out."""

from winnow_encoder.load import load_encoder

__all__ = ["load_encoder"]
