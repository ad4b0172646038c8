"""Who did what by hand is kept and cannot be changed (S9); what is old can be found (E19)."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

_AUDIT = """
CREATE TABLE audit (
    id BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    who TEXT NOT NULL,
    origin TEXT NOT NULL,
    action TEXT NOT NULL,
    what JSONB NOT NULL,
    before_digest BYTEA,
    after_digest BYTEA,
    previous BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    CONSTRAINT pk_audit PRIMARY KEY (id)
);

CREATE FUNCTION audit_row_is_chained() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
BEGIN
    PERFORM pg_advisory_xact_lock(7213904655119);
    EXECUTE format('SELECT id, digest FROM %I.%I ORDER BY id DESC LIMIT 1',
                   TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO last;
    NEW.id := coalesce(last.id, 0) + 1;
    NEW.at := clock_timestamp();
    NEW.previous := coalesce(last.digest, '');
    NEW.digest := sha256(convert_to(jsonb_build_array(
        NEW.id, (extract(epoch FROM NEW.at) * 1000000)::bigint, NEW.who, NEW.origin, NEW.action,
        NEW.what, encode(NEW.before_digest, 'hex'), encode(NEW.after_digest, 'hex'),
        encode(NEW.previous, 'hex'))::text, 'UTF8'));
    RETURN NEW;
END $$;

CREATE FUNCTION audit_row_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < now() - greatest(interval '30 days', coalesce(
            nullif(current_setting('hub.audit_kept_for', true), ''), '100 years')::interval)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'rows of audit are only added: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER audit_chain BEFORE INSERT ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_row_is_chained();
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_row_is_kept();
CREATE TRIGGER audit_whole BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_row_is_kept();
"""
# What names a run is looked for when the run goes: without them each of these reads a whole table.
INDEXES = {
    "ix_runs_retry_of": "runs (retry_of) WHERE retry_of IS NOT NULL",
    "ix_once_keys_run_id": "once_keys (run_id)",
}


def upgrade() -> None:
    """Make the table with its guards, and the indexes."""
    op.execute(_AUDIT)
    for name, place in INDEXES.items():
        op.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")
