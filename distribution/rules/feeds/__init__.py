"""What boards fetch: how each format is written, who fetches it, and what is wrong with it."""
