"""Readers: Python notation and LaTeX, both to one syntax tree, and the elaborator that gives it meaning."""
