"""Text in, verdict out: ``extract`` finds the final answer, ``score`` judges it, ``reward`` pays for it."""
