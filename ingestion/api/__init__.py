"""Ingestion by REST; code imports the views from their submodules."""
