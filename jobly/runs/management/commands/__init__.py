"""Commands of the run ledger."""
