"""Linnworks connector: stock per location, products and orders of a Linnworks account.

`connector.yaml` holds requests and maps; `hooks.py` adds what a manifest cannot say. What is known of the platform,
with sources and limits, stands in the plugin's README.
"""
