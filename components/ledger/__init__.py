"""The ledger of operations: what happened to hosts and their parts, append-only."""
