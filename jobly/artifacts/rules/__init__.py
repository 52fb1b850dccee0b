"""What is decided about stored bytes, as plain functions."""
