"""How far the labels of a published benchmark can be trusted, item by item, with proofs."""
