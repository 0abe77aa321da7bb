"""The control API, `/__admin/`: what the mock holds, what time it is and what it is to do next,
outside the API that is mocked.
"""

from __future__ import annotations

from .admin_app import AdminApp

__all__ = ["AdminApp"]
