"""Who may do what with a stack: IAM policies of people, and users of the review page."""
