"""Fixes held against running programs: a fixture's function in surroundings that Hypothesis writes, before and after.

``patterns`` has the functions of ``bad.py`` whose mistakes can be repaired, each with the proof that drives it;
``surroundings`` writes statements before, between and around theirs; ``manners`` lets what they call fail, hang on or
swallow; ``judging`` runs both programs at every suspension point and says what a fix made worse.
"""
