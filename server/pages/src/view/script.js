// Comfort only.
