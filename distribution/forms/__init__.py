"""Forms of distribution, one module a noun."""
