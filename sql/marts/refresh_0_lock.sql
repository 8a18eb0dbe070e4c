-- Grain: no rows. The one lock under which marts change, held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('tidemark marts', 0));
