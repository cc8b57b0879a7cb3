//! `waxseal stats` and `waxseal sweep`

pub(super) const STATS: &str = "\
Examples:
  waxseal stats
  waxseal stats --json | jq .new";

pub(super) const SWEEP: &str = "\
Examples:
  waxseal sweep
  waxseal sweep --json";
