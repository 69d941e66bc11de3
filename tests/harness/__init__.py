"""What the fixtures are driven with; ``proof`` tells how to write a proof, ``fixture`` how to write a fixture."""
