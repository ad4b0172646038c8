-- The leads of bench/requests.py, each with a number of its own, for the flow in n8n.
CREATE TABLE bench_leads (id uuid PRIMARY KEY, status text, appointment_scheduled_at timestamptz);
CREATE TABLE bench_numbers (lead_id uuid PRIMARY KEY, number text, release_at timestamptz);
INSERT INTO bench_leads (id)
SELECT ('5b0c2c2e-6f0a-4a51-9a8e-' || lpad(to_hex(n), 12, '0'))::uuid FROM generate_series(0, 2999) AS n;
INSERT INTO bench_numbers
SELECT id, '+1202555' || lpad((row_number() OVER ())::text, 5, '0'), now() + interval '18 hours'
  FROM bench_leads;
