"""The machine API over HTTP: one router for each resource."""
