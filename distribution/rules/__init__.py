"""What distribution decides on values alone: no database, no clock, no network."""
