"""What each page shows: the records of a store as the context of a template."""
