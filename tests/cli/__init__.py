"""The command through the front door: a process of its own, real files, nothing replaced."""
