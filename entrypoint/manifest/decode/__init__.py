"""The tree → the values that flyctl makes of it: first its migrations (patches), then its structs."""
