"""Whole instances of Jobly for tests: real servers and processes that may be killed and paused."""
