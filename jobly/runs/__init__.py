"""The run ledger: background work and facts as rows, visible live, nothing ever lost."""
