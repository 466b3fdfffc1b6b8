"""Plane geometry by rules, without coordinates; asked through data.scene.entailment."""
