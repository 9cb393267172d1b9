"""What the main paths cost. `make bench` runs all; each part runs in a process of its own and prints JSON."""
