"""What every storage of a room promises, asked of each."""
