"""What happens next: from a workflow file to decisions, and from decisions to deeds."""
