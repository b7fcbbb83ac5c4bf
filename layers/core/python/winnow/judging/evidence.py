"""How much is told of a judgement, whatever judged."""

SCORE_DECIMALS = 4
"""Scores are rounded, so that the last bits of a matrix product decide nothing."""
MAX_EVIDENCE = 3
"""Segments that are shown as evidence: of a label, or of a criterion and a polarity."""
