"""Rule negatives for captions that come without a scene: ``python -m data.foreign SHARDS out=FOLDER``."""
