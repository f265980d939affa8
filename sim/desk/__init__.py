"""The desk: a table with everything around a machine, to be played with by hand (``sim desk``).

words (its labels), table (what lies where, and what a hand's movement means), antenna (is the pad asked), remote
(talks to the simulator), and the Kivy part: looks, tiles, board, paper, trouble, window, fit. Importing this package
imports no Kivy. Not responsible for what a device does.
"""
