"""Bytes kept for ever: rows that know hash and size, and the storage behind them."""
