"""Checks: system, profiles and policies -> findings. One check a file, its prose included."""
