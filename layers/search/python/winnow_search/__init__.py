"""The index of all results: files of Parquet, and the engine that answers from them."""
