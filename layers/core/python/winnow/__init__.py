"""The domain: files to records, records to judgements, judgements to results."""

__version__ = "0.2.0"
