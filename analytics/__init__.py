"""Scaffold of the app that will measure what happens; empty until its own issue lands."""
