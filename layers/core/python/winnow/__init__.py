"""The domain: files to records, records to judgements, judgements to results."""
