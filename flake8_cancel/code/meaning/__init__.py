"""What names and expressions mean: scopes, qualified names, kinds of values, and where values come from."""
