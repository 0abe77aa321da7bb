"""The control API of the mock, `/__admin/`."""

from __future__ import annotations

from .admin_app import AdminApp

__all__ = ["AdminApp"]
