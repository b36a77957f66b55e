"""How the voice `starling` is made, and how to make one of your own: see README.md.

`python -m training STEP --work FOLDER` runs a step. Every step writes into the work folder, takes
from it what earlier steps wrote, and goes on where it stopped.
"""
