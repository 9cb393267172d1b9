"""Acme connector: stock and products of the imaginary platform Acme."""
