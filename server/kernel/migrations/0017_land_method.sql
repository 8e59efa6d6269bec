-- How the work of a task lands; NULL leaves that to the lane.
ALTER TABLE tasks ADD COLUMN land_method TEXT CHECK (land_method IN ('merge', 'rebase'));
