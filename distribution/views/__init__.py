"""Pages of distribution for everybody."""
