"""A platform that the SDK and the other connectors have never heard of: Rivendell, a back office.

It reads and writes all seven canonical types and one that it registers itself. It exists to prove that any source
works with any destination.
"""
