"""The boards, each by its own contract. Every module has send, look and poll; some fetch_token."""
