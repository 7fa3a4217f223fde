"""What a card number is: no pixels, no input or output."""
