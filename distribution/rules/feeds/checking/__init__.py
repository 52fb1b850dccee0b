"""What is wrong with a feed, read back as a board reads it: each finding with its source."""
