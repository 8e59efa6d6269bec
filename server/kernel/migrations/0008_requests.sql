-- The requests with an `Idempotency-Key` that were carried out, so that one that is sent again is not
-- carried out again. Those of a day are kept, 200,000 at most.
CREATE TABLE requests (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Whose key it is: two callers may use the same.
    caller      TEXT NOT NULL,
    key         TEXT NOT NULL,
    -- Which change of a bulk request; 0 is the request as a whole.
    part        INTEGER NOT NULL,
    -- A hash of what was asked, so that no other request gets the answer.
    fingerprint TEXT NOT NULL,
    -- What was answered, as JSON; NULL until that is known, and where it is too long to be kept.
    answer      TEXT,
    created_at  INTEGER NOT NULL,
    UNIQUE (caller, key, part)
) STRICT;
CREATE INDEX idx_requests_age ON requests (created_at);
