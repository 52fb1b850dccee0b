"""Words of runs for templates."""
