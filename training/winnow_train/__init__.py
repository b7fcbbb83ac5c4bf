"""Training and measuring: what the command line does with labelled data. No part of an image."""
