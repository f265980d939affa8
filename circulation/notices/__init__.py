"""Notices to patrons: warnings before the due date, reminders and invoices after it (R58-R75).

Every notice is written down before anything leaves, leaves at most once, and costs something only once it has left.
"""
