"""Options: typed schemas, the loader, run folders, the one place that builds a Lightning trainer, and the YAML."""
