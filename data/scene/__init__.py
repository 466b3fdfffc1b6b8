"""The scene engine: programs, scenes, facts and their truth, edits, captions, questions, pictures."""
