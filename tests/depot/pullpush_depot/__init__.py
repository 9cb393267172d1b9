"""A connector for an imaginary warehouse, for tests: plain Python over a sandbox that keeps canonical wire records."""
