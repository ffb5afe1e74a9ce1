"""Adaptations of launchers and trainers to a rehearsal, loaded when the module they adapt is imported."""
