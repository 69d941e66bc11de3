"""The model of one module: questions that a rule may ask. Knows no rule, finding or option."""
