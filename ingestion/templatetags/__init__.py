"""Tags of job pages."""
