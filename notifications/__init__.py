"""Scaffold of the app that will tell the right person; empty until its own issue lands."""
