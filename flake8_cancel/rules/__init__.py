"""One file is one rule is its documentation; the folders are the chapters of the catalogue."""
