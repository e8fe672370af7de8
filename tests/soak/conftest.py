from tests.media_core.conftest import committed

__all__ = ["committed"]
