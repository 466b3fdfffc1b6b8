"""Public sets as shards: the frame that all share, and one small file per set."""
