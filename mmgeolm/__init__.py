"""Stages 2 and 3: the large multimodal model and its evaluation."""
