"""Crashes, cuts and races against real servers and processes (RELIABILITY §3)."""
