import pytest

import settings_app.services as config


@pytest.fixture
def enabled(db: None) -> None:
    config.add("duplo_clients", "true", None)
