"""The model of one module: questions that a rule may ask. Knows no rule, finding or option.

``module`` is the facade. The folders hold what it asks: ``meaning`` of names and values, the cancellation ``graph`` of
a function, and one folder beside each chapter of the rules.
"""
