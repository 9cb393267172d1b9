"""Real platforms, described by manifests and samples alone."""
