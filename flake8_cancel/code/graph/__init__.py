"""The cancellation graph of one function, and walks over it."""
