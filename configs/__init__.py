"""Options: typed schemas, their loader, run folders, the one place that builds a trainer, and the YAML."""
