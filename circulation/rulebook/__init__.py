"""The library's rules as staff work with them: drafts, a look at one rule, check and publishing, history and use.

Rules decide in ``rules``; here they are kept, changed and told of.
"""
