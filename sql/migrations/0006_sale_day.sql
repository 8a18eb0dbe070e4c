-- How many days of sales there are, which the planner cannot know of an expression: daily questions add up as they read instead of sorting.

CREATE STATISTICS core.sale_day ON ((sold_at AT TIME ZONE 'UTC')::date) FROM core.sale;

COMMENT ON STATISTICS core.sale_day IS 'How many UTC days the sales of core.sale fall on.';
