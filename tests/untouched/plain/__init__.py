"""An app as any Django developer writes it: it knows nothing of tenants, buckets or ledgers."""
