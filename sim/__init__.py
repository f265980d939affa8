"""The hardware outside the machine, on the real wires, with physics and faults.

Responsible for what physically lies where and for the bytes the devices put on their lines. It is written from the
manuals with its own constants and shares no code with the drivers. Not responsible for anything the machine decides.
"""
