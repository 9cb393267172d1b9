"""Salla connector: Merchant API v2 of the Saudi commerce platform Salla.

Most of it is `connector.yaml`; `hooks.py` adds what a manifest cannot say. What is known of the platform, with
sources and limits, stands in the plugin's README.
"""
