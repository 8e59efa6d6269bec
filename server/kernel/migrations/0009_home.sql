-- The home folder whose dispatcher works on the board: a copy of the folder holds a copy of this row,
-- and so knows that it is one. Empty until a dispatcher has started.
CREATE TABLE home (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    path    TEXT NOT NULL,
    inode   INTEGER NOT NULL,
    machine TEXT
) STRICT;
