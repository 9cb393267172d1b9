"""Delivery: a durable, per-key ordered log between a source and a destination, and its dispatcher.

Import the parts from their modules: `ports` (values and the interface), `open` (an engine by its URL).
"""
