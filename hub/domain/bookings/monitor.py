"""What the rows of bookings must never say, in sentences: normally nothing (K-24, D2)."""

from __future__ import annotations

from sqlalchemy import Connection, text


def faults(db: Connection) -> list[str]:
    """Double bookings, jobs without their seats, seats without their job; normally nothing."""
    return list(db.scalars(_FAULTS))


_FAULTS = text("""
    SELECT format('job %s is %s and has no seat of its service', j.id, j.status) AS fault
      FROM jobs j
     WHERE j.status IN ('pending-confirmation', 'scheduled', 'in-progress')
       AND NOT EXISTS (SELECT FROM taken_seats t
                        WHERE t.job_id = j.id AND t.place_id = j.service_id
                          AND t.during = tstzrange(j.starts_at, j.ends_at))
    UNION ALL
    SELECT format('job %s is %s and has a seat', j.id, j.status)
      FROM jobs j JOIN taken_seats t ON t.job_id = j.id
     WHERE j.status IN ('completed', 'cancelled')
    UNION ALL
    SELECT format('job %s has a seat of another tenant', j.id)
      FROM jobs j JOIN taken_seats t ON t.job_id = j.id WHERE t.tenant_id <> j.tenant_id
    UNION ALL
    SELECT format('job %s has a seat at another time', j.id)
      FROM jobs j JOIN taken_seats t ON t.job_id = j.id
     WHERE t.during <> tstzrange(j.starts_at, j.ends_at)
    UNION ALL
    SELECT format('job %s is %s and its seat lapses at %s', j.id, j.status, t.lapses_at)
      FROM jobs j JOIN taken_seats t ON t.job_id = j.id
     WHERE t.lapses_at IS DISTINCT FROM
           CASE j.status WHEN 'pending-confirmation' THEN j.decide_by END
    UNION ALL
    SELECT format('at %s service %s has %s jobs in %s seats, and nobody said why', t.at, s.id,
                  t.how_many, s.max_bookings_per_slot)
      FROM services s
     CROSS JOIN LATERAL (
           SELECT lower(a.during) AS at, count(*) AS how_many
             FROM taken_seats a
             JOIN taken_seats b ON b.place_id = a.place_id AND b.during @> lower(a.during)
             JOIN jobs j ON j.id = b.job_id
            WHERE a.place_id = s.id AND j.override_reason IS NULL
            GROUP BY a.id) t
     WHERE t.how_many > s.max_bookings_per_slot
    UNION ALL
    SELECT format('somebody who waits (%s) has %s and no seat', w.id, w.status)
      FROM waiting w
     WHERE w.status = 'offered'
       AND NOT EXISTS (SELECT FROM taken_seats t WHERE t.waiting_id = w.id)
    UNION ALL
    SELECT format('somebody who waits (%s) is %s and has a seat', w.id, w.status)
      FROM waiting w JOIN taken_seats t ON t.waiting_id = w.id WHERE w.status <> 'offered'
    UNION ALL
    SELECT format('job %s is version %s of its history', j.id, max(c.version))
      FROM jobs j LEFT JOIN job_changes c ON c.job_id = j.id
     GROUP BY j.id HAVING max(c.version) IS DISTINCT FROM j.version OR count(*) <> j.version
     ORDER BY fault
""")
