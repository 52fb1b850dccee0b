"""People, their companies and the keys of their programs."""
