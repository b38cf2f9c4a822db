"""Ontology reasoning: does a statement about an individual follow from rules about kinds?

``generate`` makes problems with proofs, ``text`` words them, ``check`` checks written proofs, ``item`` scores answers.
"""
