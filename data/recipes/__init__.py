"""Converters of public sets into shards, one file each."""
