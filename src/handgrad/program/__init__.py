"""Straight-line programs: the closed forms as instructions, run by engines and printed as source code."""
