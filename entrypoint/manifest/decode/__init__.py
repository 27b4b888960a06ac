"""The tree → the values that flyctl makes of it: its migrations, then its structs."""
