"""The console's pages: one module for each of them, or for a few that belong together."""

from circulation.staff.pages import home

ROUTERS = (home.router,)
