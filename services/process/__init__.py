"""Child processes that never outlive the process that started them."""

from services.process.child import Child

__all__ = ["Child"]
