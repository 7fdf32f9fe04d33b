"""Printers: the matrix form as Unicode text, LaTeX, Markdown and HTML."""
