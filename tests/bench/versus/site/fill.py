"""python -m tests.bench.versus.site.fill: tables, a signed-in user, and a document in a private collection.

Prints as JSON what is needed to open it. Run again it starts anew.
"""

import json
import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.versus.site.settings"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 - settings are this site's
from django.core.files.base import ContentFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from wagtail.documents import get_document_model  # noqa: E402
from wagtail.models import Collection, CollectionViewRestriction  # noqa: E402

NAME = "Members"


def private_collection() -> Collection:
    """Return a collection that any signed-in user may see: of the private kinds the one that asks the least."""
    known = Collection.objects.filter(name=NAME).first()
    if known:
        return known
    collection = Collection.get_first_root_node().add_child(name=NAME)
    CollectionViewRestriction.objects.create(
        collection=collection, restriction_type=CollectionViewRestriction.LOGIN
    )
    return collection


def main() -> None:
    call_command("migrate", verbosity=0)
    user, _ = get_user_model().objects.get_or_create(username="vic")
    get_document_model().objects.all().delete()
    document = get_document_model().objects.create(
        title="Offer",
        collection=private_collection(),
        file=ContentFile(b"%PDF-1.7 an offer", name="offer.pdf"),
    )
    stranger, browser = Client(), Client()
    browser.force_login(user)
    # Private it is, or there would be nothing to compare.
    assert "/login/" in stranger.get(document.url)["Location"]
    facts = {
        "session": browser.cookies["sessionid"].value,
        "wagtail": document.url,
        "per_link": f"/per-link/{document.pk}",
        "key": document.file.name,
    }
    print(json.dumps(facts))


main()
