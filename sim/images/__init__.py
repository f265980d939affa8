"""Memory images of item tags, built from scenario data. Builders only: nothing here reads a tag."""
