"""Stands for verifiers 0.4: the part of its v1 contract that a taskset meets."""
