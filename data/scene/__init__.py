"""The scene engine: programs, scenes with coordinates, facts and their truth, edits, captions, questions, pictures."""
