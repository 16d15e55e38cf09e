-- The log of operators' actions is append-only: no code path, and no hand on the database, changes what was written.
CREATE TRIGGER operator_log_keeps_rows BEFORE UPDATE ON operator_log
BEGIN SELECT RAISE(ABORT, 'the operator log is append-only'); END;
--> statement-breakpoint
CREATE TRIGGER operator_log_loses_nothing BEFORE DELETE ON operator_log
BEGIN SELECT RAISE(ABORT, 'the operator log is append-only'); END;
