"""Takes the place of the migrations of the app of Wagtail's tests; the plugin creates its tables."""
