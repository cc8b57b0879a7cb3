//! What the server bounds, and what the machine bounds.

use waxseal_server::allow_connections;
use waxseal_server::config::Config;

use super::Finding;

const CHECK: &str = "limits";
/// With fewer, a busy hour is felt.
const FEW: usize = 1_000;

/// Looks at the bounds of the configuration, and at open files.
pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    findings.push(bounds(config));
    findings.push(connections());
}

fn bounds(config: &Config) -> Finding {
    let largest = config.plans.largest_secret() as u64;
    let budget = config.stored_bytes;
    if budget > 0 && budget < largest {
        let finding = format!("stored_bytes is {budget}, and one secret may have {largest} bytes");
        return Finding::failed(CHECK, finding, "raise stored_bytes in [limits]; 0 is no bound");
    }
    if config.limits.guest_creates == 0 {
        let mend = "set guest_creates_per_20m in [limits]";
        return Finding::warning(CHECK, "guests may fill the store: nothing bounds what they create", mend);
    }
    Finding::ok(CHECK, format!("secrets of {largest} bytes at most; guests are bounded"))
}

fn connections() -> Finding {
    let allowed = allow_connections();
    let told = format!("{allowed} connections at once");
    if allowed < FEW {
        let mend = "raise the hard limit of open files: LimitNOFILE=16384 in the unit, or ulimit -Hn";
        return Finding::warning("open files", told, mend);
    }
    Finding::ok("open files", told)
}
