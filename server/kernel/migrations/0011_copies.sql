-- The birth time of the home folder and the number of its device: a copy may have the inode of its
-- original, as all roots of a file system do. Unknown until the home is dispatched from again.
ALTER TABLE home ADD COLUMN born INTEGER;
ALTER TABLE home ADD COLUMN device INTEGER;

-- 1 where a board waits for a person to say, by `resume`, that it is the only one of its kind: until then
-- it sends no news either.
ALTER TABLE pauses ADD COLUMN is_copy INTEGER NOT NULL DEFAULT 0;
UPDATE pauses SET is_copy = 1 WHERE lane = '' AND (by IN ('import', 'restore') OR by LIKE 'copy of %');
