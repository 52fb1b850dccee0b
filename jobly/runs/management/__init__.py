"""What staff do to runs by hand."""
