"""The command: arguments, files, workers, exit codes. Knows nothing of asyncio."""
