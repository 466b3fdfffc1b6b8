"""Samples, shards, the one loader, the scene engine and the hard negatives."""
