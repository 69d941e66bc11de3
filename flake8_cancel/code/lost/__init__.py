"""What becomes of a caught cancellation, and who may catch one."""
