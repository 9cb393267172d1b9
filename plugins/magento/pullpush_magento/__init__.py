"""Magento 2 connector: stock, products, orders and customers of an Adobe Commerce or Magento Open Source shop.

Most of it is `connector.yaml`; `hooks.py` adds what a manifest cannot say. What is known of the platform, with
sources and limits, stands in the plugin's README.
"""
