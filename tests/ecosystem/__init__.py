"""What the rules find in real code: pinned packages, a stored summary, and a ledger of judged findings."""
