"""What machine and central service must agree on: rules, their evaluation, due dates and refusal codes.

Pure: no input or output, no clock. Not responsible for transactions (circulation), screens (kiosk) or words (wording).
"""
