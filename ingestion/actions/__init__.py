"""State changes of ingestion, split by noun."""
