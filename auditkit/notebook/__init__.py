"""Widgets and pictures for the workbook: they show, they never compute."""
