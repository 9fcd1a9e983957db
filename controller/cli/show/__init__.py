"""What people and programs read: pure functions from values to text. Nothing here reads, asks or decides."""
