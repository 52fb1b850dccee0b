"""Collect, process and load postings into the catalogue."""
