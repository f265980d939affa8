"""Every sentence a person reads, by code and language.

``say`` gives what patrons read and hear, ``say_staff`` what staff read. Pure apart from reading the catalogues at first
use. Not responsible for which code is said, or for the names of media types (the site's, in the published rules).
"""

from wording.catalogue import PATRON, STAFF, Gap, WordingError, codes, complete, languages
from wording.sentences import SiteTextCheck, check_site_text, parameters, say, say_staff, standard, written

__all__ = (
    "PATRON",
    "STAFF",
    "Gap",
    "SiteTextCheck",
    "WordingError",
    "check_site_text",
    "codes",
    "complete",
    "languages",
    "parameters",
    "say",
    "say_staff",
    "standard",
    "written",
)
