"""Tasks and futures: who starts, keeps, cancels and waits for them."""
