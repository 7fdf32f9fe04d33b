"""Checking by numbers: of what is derived here and of what people wrote."""
