"""Which of Wagtail's own tests of documents and images are left out, and why. The how-to shows the same."""

PATH = "ask for a path on a disk, or expect what Wagtail does with one"
COUNT = "count queries; ours are the binding of a request, and the rows of the ledger"
NAMED = "look for a permission by its codename alone; the gateway's own documents have permissions of the same name"
FACTORY = "need packages that only Wagtail's own development has (factory_boy)"
COMMIT = "expect that the name of a deleted public file is free before the deletion is committed"

LEFT_OUT = {
    "test_api_v3": FACTORY,
    "TestServeView": PATH,
    "TestServeWithUnicodeFilename": PATH,
    "TestFrontendSendfileView": PATH,
    "TestGetWillowImage::test_closes_image": PATH,
    "TestGetWillowImage::test_closes_image_on_exception": PATH,
    "TestImage::test_is_stored_locally": PATH,
    "TestFrontendServeView::test_get_missing_source_image_file": PATH,
    "TestFrontendServeView::test_get_with_redirect_action": PATH,
    "TestImageIndexView::test_num_queries": COUNT,
    "TestImageIndexView::test_order_by_usage_count": COUNT,
    "TestDocumentIndexView::test_order_by_usage_count": COUNT,
    "TestImageChooserView::test_list_mode": COUNT,
    "TestImageChooserView::test_num_queries": COUNT,
    "TestRenditions::test_create_renditions": COUNT,
    "TestRenditions::test_get_renditions_performance_with_rendition_caching_disabled": COUNT,
    "TestRenditions::test_get_renditions_performance_with_rendition_caching_enabled": COUNT,
    "TestRenditions::test_prefetch_renditions_found": COUNT,
    "TestRenditions::test_prefetch_renditions_not_found": COUNT,
    "TestRenditions::test_prefetched_rendition_found": COUNT,
    "TestRenditions::test_prefetched_rendition_not_found": COUNT,
    "TestPrefetchRenditions::test_prefetch_renditions_on_non_image_querysets": COUNT,
    "TestDocumentPermissions": NAMED,
    "TestBulkAddAllDocumentsToCollection::test_add_all_to_collection_with_limited_permissions": NAMED,
    "TestDocumentEditView::test_reupload_same_name": COMMIT,
    "TestDocumentIndexView::test_simple": COUNT,
}


def is_left_out(node_id: str) -> bool:
    """Return whether a test, by its pytest id, is one of these: a whole class, or one of its tests."""
    return any(f"::{name}::" in f"{node_id}::" for name in LEFT_OUT)
