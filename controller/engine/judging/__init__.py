"""What differs: one target looked at, compared page by page, and every difference decided."""
