"""The storages that an app gets by Django's own words: they know no tenant, and store under the bound one."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages

from tenants.binding import bind_tenant

pytestmark = pytest.mark.django_db
ALIASES = ["default", "private"]


@pytest.mark.parametrize("alias", ALIASES)
def test_the_same_name_is_another_file_in_each_room(alias, acme, globex):
    storage, found = storages[alias], {}
    for tenant in (acme, globex):
        with bind_tenant(tenant):
            assert storage.save("a/x.txt", ContentFile(tenant.name.encode())) == "a/x.txt"
    for tenant in (globex, acme):
        with bind_tenant(tenant), storage.open("a/x.txt") as file:
            found[tenant.name] = file.read()
            assert storage.listdir("") == (["a"], [])
            assert storage.listdir("a") == ([], ["x.txt"])
            assert storage.size("a/x.txt") == len(tenant.name)
    assert found == {"Acme": b"Acme", "Globex": b"Globex"}


@pytest.mark.parametrize("alias", ALIASES)
def test_a_taken_name_is_given_a_name_beside_it(alias, acme):
    with bind_tenant(acme):
        names = {storages[alias].save("a.txt", ContentFile(b"x")) for _ in range(3)}
        assert len(names) == 3
        storages[alias].delete("a.txt")
        assert not storages[alias].exists("a.txt")
        assert storages[alias].save("b.txt", ContentFile("text")) == "b.txt"
        assert default_storage.url("b.txt").endswith("/acme/media/b.txt")
