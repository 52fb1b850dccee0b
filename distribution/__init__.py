"""Publish jobs to boards, exactly once."""
