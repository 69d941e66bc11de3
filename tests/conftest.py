"""How hard hypothesis tries.

``HYPOTHESIS_PROFILE=brief`` looks for surprises of another Python, ``HYPOTHESIS_PROFILE=long`` runs over night.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("usual", deadline=None)
settings.register_profile("brief", deadline=None, max_examples=10)
settings.register_profile("long", deadline=None, max_examples=4000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))
