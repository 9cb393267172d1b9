"""Shopify connector: the GraphQL Admin API, version 2026-10, of one shop.

What can be said as data stands in `connector.yaml`: how stock, products and orders are read and mapped. The modules
beside it say the rest: writing with compare-and-set, products without dropping variants, orders never twice, and
what the platform's many ways of saying no stand for. Facts with their sources and limits: README of this plugin.
"""
