"""The local stack: template.yaml on this machine."""
