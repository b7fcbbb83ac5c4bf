"""What people decide of records: the queue, leases, decisions, and what is kept of them."""
