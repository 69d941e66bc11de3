"""Repairs with libcst: locate by span and type, replace, re-check. Touches no file."""
