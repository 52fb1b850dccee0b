"""Decisions of the run ledger on values alone."""
