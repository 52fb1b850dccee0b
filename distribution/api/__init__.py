"""Channels and distributions by REST."""
