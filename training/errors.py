"""Mistakes that the reader of a message can mend."""


class TrainingError(Exception):
    """A message for the person at the terminal: what is wrong, in which file, and the way out."""
