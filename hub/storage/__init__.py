"""What we remember: PostgreSQL, and nothing else."""
