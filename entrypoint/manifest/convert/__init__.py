"""Values → Machine configs, as flyctl makes them."""
