"""The model of values, question by question."""
