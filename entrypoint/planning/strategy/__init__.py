"""How a group's steps follow each other, a file each: groups → waves, as data."""
