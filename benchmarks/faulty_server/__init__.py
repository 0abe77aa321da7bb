"""A plain server of the bundled API with one switch per fault. It measures the detection rate."""

from .behaviour import KEY
from .catalogue import Family, Fault, Variant
from .faults import FAULTS
from .server import PREFIX, create_app
from .serving import serve
from .variants import VARIANTS

__all__ = [
    "FAULTS",
    "KEY",
    "PREFIX",
    "VARIANTS",
    "Family",
    "Fault",
    "Variant",
    "create_app",
    "serve",
]
