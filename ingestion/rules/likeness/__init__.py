"""Whether two postings are the same job: measured by their words, decided by plain rules."""
