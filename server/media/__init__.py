"""What media needs from outside the business: pictures are shrunk, URLs are fetched, half uploads swept."""
