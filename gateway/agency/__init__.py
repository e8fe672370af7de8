"""The agency's own site: its pages, over the rules of tenants and media_core."""
