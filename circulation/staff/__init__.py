"""The staff console: pages of HTML served by the circulation process (R8-R10, R22, R41, R76, R77, R83, R87).

Pages read and change through the same functions as the API; nothing is decided here. Everything works by plain links
and forms; ``static/console.js`` only saves keystrokes.
"""
