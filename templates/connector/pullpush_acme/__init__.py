"""Acme for PullPush SDK: what it reads and writes, `connector.yaml` says."""
