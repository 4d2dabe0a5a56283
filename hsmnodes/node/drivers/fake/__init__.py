"""The fake driver: passes the contract suite quickly, protects nothing, and is for tests only."""
