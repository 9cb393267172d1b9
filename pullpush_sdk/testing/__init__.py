"""What connector authors and our own suites test with."""
