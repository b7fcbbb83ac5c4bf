"""The Universal Sentence Encoder behind one callable: texts in, vectors out."""

from winnow_encoder.load import encoder_of, load_encoder

__all__ = ["encoder_of", "load_encoder"]
