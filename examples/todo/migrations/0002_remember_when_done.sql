-- Expands only: the release before this one neither reads nor writes the column, so that rolling its
-- code back needs no migration. What was done before has no moment, and stays without one.
ALTER TABLE todos ADD COLUMN done_at timestamptz;
