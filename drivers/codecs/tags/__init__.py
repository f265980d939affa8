"""Data models on item tags: memory bytes -> fields. Not responsible for reading the memory (devices)."""
