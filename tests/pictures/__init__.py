"""What people see, as pictures: `make pictures`."""
