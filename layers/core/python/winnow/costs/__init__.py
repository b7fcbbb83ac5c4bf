"""What a run, a month and a change of the stack cost, at AWS's list prices."""
