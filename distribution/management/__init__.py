"""What staff run by hand."""
