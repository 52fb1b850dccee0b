"""Scaffold of the app that will match jobs to people; empty until its own issue lands."""
