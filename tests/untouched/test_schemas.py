from tenants.binding import bind_tenant


def test_it(acme, globex):
    from wagtail.models import Page, Site, Locale, Collection
    from django.contrib.auth.models import Permission, Group
    from django.contrib.contenttypes.models import ContentType

    for t in (acme, globex):
        with bind_tenant(t):
            print(
                list(Page.objects.values()),
                list(Site.objects.values()),
                Locale.objects.count(),
                Collection.objects.count(),
                Permission.objects.count(),
                list(Group.objects.all()),
                ContentType.objects.count(),
            )
