"""Stage 1: the contrastive encoder, its losses, training, Hit@k retrieval and export."""
