//! Tells a recipient that a link waits: SMTP, a spool in memory, the truth about delivery.
