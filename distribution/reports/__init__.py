"""Reads over several tables, by what they are about."""
