"""How verl, OpenRLHF and verifiers load and call what we export: each a script that runs without the framework.

``python SCRIPT EXPORT CASES`` reads pairs [place of the row, text] from the file CASES and prints the list of rewards.
"""
