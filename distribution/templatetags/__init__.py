"""What templates of publications need."""
