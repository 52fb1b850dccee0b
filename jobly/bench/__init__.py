"""Benches: ours and the named baselines in the same run, one module a bench."""
