"""Suggestions for a job: what goes to a provider, what it may say, and what of it has grounds."""
