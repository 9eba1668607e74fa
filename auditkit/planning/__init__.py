"""Findings and decisions -> strategy."""
