"""Cards that never existed: sampling a card, drawing it, photographing it."""
