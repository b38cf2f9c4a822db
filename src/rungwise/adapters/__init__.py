"""The one scorer behind the interfaces of TRL, verl, OpenRLHF, verifiers, lm-eval and Inspect; rows as they want them.

An adapter is a thin call of ``judge``. A failure of our own code stays an exception in all of them, never a 0.
"""
