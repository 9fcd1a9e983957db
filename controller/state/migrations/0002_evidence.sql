-- What proves what was sent where it cannot be read back: the SHA-256 of a picture as the target got it.
ALTER TABLE inventory ADD COLUMN evidence TEXT NOT NULL DEFAULT '';
