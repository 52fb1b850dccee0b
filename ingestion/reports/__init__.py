"""Reads over several tables of ingestion; code imports them from their submodules."""
