"""The touchscreen: shows ``kiosk.screens`` values and reports what was touched as ``kiosk.messages`` intents.

Knows nothing of loans, devices or the network. Importing the package, or ``ui.main``, imports no Kivy.
"""
