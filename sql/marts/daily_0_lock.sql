-- Grain: no rows. The turn that loads take as well: a day is judged while no load changes its sales.
SELECT pg_advisory_xact_lock(hashtextextended('tidemark facts', 0));
