//! What is left of ended secrets: in every file of a deployment, in Redis' files, in the log,
//! and in the memory of the running process. `WAXSEAL_PROVE_SECRETS` says how many there
//! are; when it does, a third of them expire, which takes a minute, and the memory is also
//! searched in a core file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Debug, Formatter};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use waxseal_redis_servers::{Server as Redis, available};

use crate::home::{Home, Server};

/// Secrets, unless somebody says how many.
const USUAL: usize = 120;
/// Clients that keep their connections, and still hold them when the memory is searched.
const CLIENTS: usize = 8;
/// One in so many secrets has a passphrase, and its client closes each connection.
const GUARDED: usize = 10;
/// Secrets of which the memory may hold something: those of the last few requests, on stacks
/// and in buffers that libraries have freed, until others are written over them.
const LAST_FEW: usize = 8;
/// Bytes of a thread's stack.
const STACK: u64 = 2 << 20;
/// So much of a needle finds it.
const HEAD: usize = 12;
/// Erased bytes are out of the write-ahead log after two seconds, and what has expired is
/// swept every five; the rest is for a busy machine.
const ERASED_WITHIN: Duration = Duration::from_secs(60);

/// Nobody is turned away for asking often.
const SETTINGS: &str = "[limits]\nguest_creates_per_20m = 0\nguest_reveals_per_20m = 0\n";

#[test]
fn a_thousand_ended_secrets_leave_nothing_over_sqlite() {
    let home = Home::new();
    home.run(&["init"]).ok();
    let server = serve(&home);
    let mut needles = Needles::default();
    let shared = share(&server, &mut needles);
    sealed_in_sqlite(&home.path("data/waxseal.db"), &mut needles);
    assert!(found_in_files(&home.path("data"), &needles).len() >= 2, "the search finds what stands");
    end(&server, &shared);
    assert_nothing_left(&server, &home, &needles);
}

#[test]
fn a_thousand_ended_secrets_leave_nothing_over_redis() {
    if !available("a_thousand_ended_secrets_leave_nothing_over_redis") {
        return;
    }
    let (home, redis) = (Home::new(), Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]));
    home.run(&["init", "--store", &redis.url()]).ok();
    let server = serve(&home);
    let mut needles = Needles::default();
    let shared = share(&server, &mut needles);
    sealed_in_redis(&redis, &mut needles);
    assert!(found_in_files(&redis.folder(), &needles).len() >= 2, "the search finds what stands");
    end(&server, &shared);
    assert_nothing_left(&server, &home, &needles);

    // What was written before the ending stays in the append-only file until it is rewritten.
    let kept = found_in_files(&redis.folder(), &needles);
    let kept = numbers(&kept);
    say(&format!("Redis' files before they are rewritten: {kept:?}"));
    assert!(kept.keys().all(|what| *what == "lock" || *what == "body"), "{kept:?}");
    let clean = within(|| {
        redis.ok(&["SAVE"]);
        // Refused while the last rewriting is under way.
        drop(redis.cli(&["BGREWRITEAOF"]));
        thread::sleep(Duration::from_secs(1));
        found_in_files(&redis.folder(), &needles).is_empty()
    });
    assert!(clean, "Redis' files hold {:?}", numbers(&found_in_files(&redis.folder(), &needles)));
    say("Redis' snapshot and append-only file, rewritten: nothing");
}

/// The program with a log of everything, and a folder of its own for temporary files.
fn serve(home: &Home) -> Server {
    home.write("waxseal.toml", &format!("{}\n{SETTINGS}", home.read("waxseal.toml")));
    fs::create_dir_all(home.path("tmp")).unwrap();
    let log = File::create(home.path("server.log")).unwrap();
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0", "--log-level", "trace"]);
    Server::listening(command.env("TMPDIR", home.path("tmp")).stderr(log))
}

/// What was found of each kind, by its first bytes.
type Found = BTreeMap<&'static str, BTreeSet<[u8; HEAD]>>;

/// How many different ones.
fn numbers(found: &Found) -> BTreeMap<&'static str, usize> {
    found.iter().map(|(what, found)| (*what, found.len())).collect()
}

/// What must not be found, by its first bytes.
#[derive(Default)]
struct Needles(HashMap<[u8; HEAD], (&'static str, Vec<u8>)>);

impl Needles {
    fn keep(&mut self, what: &'static str, bytes: &[u8]) {
        self.0.insert(*bytes.first_chunk().unwrap(), (what, bytes.to_vec()));
    }

    /// Notes the needles that stand in `bytes`.
    fn count(&self, bytes: &[u8], found: &mut Found) {
        let mut begins = vec![false; 1 << 16];
        let pair = |bytes: &[u8]| usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
        self.0.keys().for_each(|head| begins[pair(head)] = true);
        for window in bytes.windows(HEAD).enumerate().filter(|(_, window)| begins[pair(window)]) {
            let (at, head) = (window.0, window.1.first_chunk().unwrap());
            if let Some((what, needle)) = self.0.get(head)
                && bytes[at..].starts_with(needle)
            {
                found.entry(what).or_default().insert(*head);
            }
        }
    }
}

/// A secret that stands: its keys and its passphrase.
struct Shared {
    link: String,
    metadata: String,
    passphrase: Option<String>,
}

/// Makes secrets, every part of which is a needle. Values and passphrases are of letters and
/// digits, which no encoding of forms and answers changes.
fn share(server: &Server, needles: &mut Needles) -> Vec<Shared> {
    let mut clients = clients(server);
    (0..wanted())
        .map(|n| {
            let value = format!("{}value{n}", noise(n)).repeat(1 + n % 7 * 30);
            let passphrase = (n % GUARDED == 0).then(|| format!("{}passphrase{n}", noise(n + (1 << 20))));
            let guard = passphrase.iter().map(|passphrase| format!("&passphrase={passphrase}"));
            let life = if expires(n) { 60 } else { 3_600 };
            let form = format!("secret={value}&ttl={life}{}", guard.collect::<String>());
            let answer = ask(server, &mut clients, n, "/api/v1/share", &form);
            let key = |name: &str| answer[name].as_str().unwrap().to_owned();
            let shared = Shared { link: key("secret_key"), metadata: key("metadata_key"), passphrase };
            needles.keep("value", &value.as_bytes()[..20]);
            needles.keep("link key", shared.link.as_bytes());
            needles.keep("metadata key", shared.metadata.as_bytes());
            shared.passphrase.iter().for_each(|said| needles.keep("passphrase", said.as_bytes()));
            shared
        })
        .collect()
}

/// Opens them, or burns them; what expires is left to.
fn end(server: &Server, shared: &[Shared]) {
    let mut clients = clients(server);
    for (n, Shared { link, metadata, passphrase }) in shared.iter().enumerate() {
        let form = passphrase.iter().map(|said| format!("passphrase={said}")).collect::<String>();
        let path = match n % 4 {
            _ if expires(n) => continue,
            3 => format!("/api/v1/private/{metadata}/burn"),
            _ => format!("/api/v1/secret/{link}"),
        };
        let answer = ask(server, &mut clients, n, &path, &form);
        assert!(answer["state"]["state"] == "burned" || answer["value"].is_string(), "{answer}");
    }
    // What the clients sent last must be gone though they stay; so they stay for the search.
    HELD.lock().unwrap().extend(clients);
}

static HELD: std::sync::Mutex<Vec<TcpStream>> = std::sync::Mutex::new(Vec::new());

fn expires(n: usize) -> bool {
    prove() && n % 3 == 2
}

/// Whether somebody wants more than every test run does.
fn prove() -> bool {
    std::env::var_os("WAXSEAL_PROVE_SECRETS").is_some()
}

fn wanted() -> usize {
    std::env::var("WAXSEAL_PROVE_SECRETS").ok().and_then(|said| said.parse().ok()).unwrap_or(USUAL)
}

/// Until nothing is there, or the time is over in which it must be gone.
fn assert_nothing_left(server: &Server, home: &Home, needles: &Needles) {
    let mut found = (Found::new(), None);
    within(|| {
        found = (found_in_files(&home.path(""), needles), Memory::of(server.pid(), needles));
        found.0.is_empty() && found.1.iter().all(Memory::is_clean)
    });
    let (files, memory) = found;
    let core = prove().then(|| core_of(server.pid(), needles)).flatten();
    let kinds = needles.0.iter().fold(Found::new(), |mut kinds, (head, (what, _))| {
        kinds.entry(*what).or_default().insert(*head);
        kinds
    });
    let (kinds, files) = (numbers(&kinds), numbers(&files));
    say(&format!("looked for {kinds:?}; in files, log and temporary files {files:?}; in {memory:?}"));
    assert!(files.is_empty(), "files hold {files:?}");
    assert!(memory.iter().all(Memory::is_clean), "{memory:?}");
    if let Some(core) = core {
        say(&format!("in a core file that gcore wrote: {:?}", numbers(&core)));
        let few = |(what, of): (&&str, &BTreeSet<_>)| is_sealed(what) || of.len() <= 2 * LAST_FEW;
        assert!(core.iter().all(few), "{:?}", numbers(&core));
    }
}

/// What stands in a core file of the process, of stacks and of the rest; `None`, said aloud,
/// where gcore is not there or may not write one.
fn core_of(pid: u32, needles: &Needles) -> Option<Found> {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("core");
    let wrote = Command::new("gcore").arg("-o").arg(&name).arg(pid.to_string()).output();
    let core = fs::read(format!("{}.{pid}", name.display()));
    let (Ok(_), Ok(core)) = (wrote, core) else {
        say("SKIPPED: gcore is not there, or may not write a core file of the server");
        return None;
    };
    let mut found = Found::new();
    needles.count(&core, &mut found);
    Some(found)
}

/// Asks until it is so, or the time is over in which it must be.
fn within(mut so: impl FnMut() -> bool) -> bool {
    let life = if expires(2) { Duration::from_secs(60) } else { Duration::ZERO };
    let until = Instant::now() + life + ERASED_WITHIN;
    loop {
        let reached = so();
        if reached || Instant::now() > until {
            return reached;
        }
        thread::sleep(Duration::from_millis(500));
    }
}

fn found_in_files(folder: &Path, needles: &Needles) -> Found {
    let mut found = Found::new();
    for path in files(folder) {
        // One that went meanwhile holds nothing.
        let Ok(bytes) = fs::read(path) else { continue };
        needles.count(&bytes, &mut found);
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What the writable parts of a process's memory hold, as `gcore` would write them down.
#[derive(Default)]
struct Memory {
    stacks: Found,
    elsewhere: Found,
}

impl Debug for Memory {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (stacks, elsewhere) = (numbers(&self.stacks), numbers(&self.elsewhere));
        f.debug_struct("Memory").field("stacks", &stacks).field("elsewhere", &elsewhere).finish()
    }
}

impl Memory {
    /// `None`, said aloud, to those who may not read it: the process guards it.
    fn of(pid: u32, needles: &Needles) -> Option<Self> {
        let Ok(mut memory) = File::open(format!("/proc/{pid}/mem")) else {
            say("SKIPPED: only root may read the memory of the server");
            return None;
        };
        let mut found = Self::default();
        for line in fs::read_to_string(format!("/proc/{pid}/maps")).unwrap().lines() {
            let mut words = line.split(' ');
            let (from, to) = words.next().unwrap().split_once('-').unwrap();
            if !words.next().unwrap().starts_with("rw") {
                continue;
            }
            let [from, to] = [from, to].map(|place| u64::from_str_radix(place, 16).unwrap());
            let is_stack = to - from == STACK || line.ends_with("[stack]");
            let place = if is_stack { &mut found.stacks } else { &mut found.elsewhere };
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            // A part may have gone since the list was made.
            if memory.seek(SeekFrom::Start(from)).and_then(|_| memory.read_exact(&mut bytes)).is_ok() {
                needles.count(&bytes, place);
            }
        }
        Some(found)
    }

    /// Whether nothing that was said in confidence is left but what stacks and freed buffers
    /// keep of the last few requests (SECURITY.md): a number that does not grow with that of
    /// the secrets. Locks and bodies open with link and key file alone.
    fn is_clean(&self) -> bool {
        let found = self.stacks.iter().chain(&self.elsewhere);
        found.filter(|(what, _)| !is_sealed(what)).all(|(_, of)| of.len() <= LAST_FEW)
    }
}

/// Whether it opens with link and key file alone.
fn is_sealed(what: &str) -> bool {
    what == "lock" || what == "body"
}

/// Lock and body of every live secret.
fn sealed_in_sqlite(path: &Path, needles: &mut Needles) {
    let conn = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT lock, body FROM locks JOIN bodies USING (slot) WHERE live = 1";
    let mut statement = conn.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        sealed(&row.get::<_, Vec<u8>>(0).unwrap(), &row.get::<_, Vec<u8>>(1).unwrap(), needles);
    }
}

/// The same, from the packed records: lock and body are their last bytes.
fn sealed_in_redis(redis: &Redis, needles: &mut Needles) {
    let script = "local told = {}
        for _, key in ipairs(redis.call('KEYS', 'waxseal:r{*')) do
            told[#told + 1] = redis.call('GET', key):gsub('.', function(c) return ('%02x'):format(c:byte()) end)
        end
        return told";
    for line in redis.cli(&["EVAL", script, "0"]).lines() {
        let digits: String = line.chars().filter(char::is_ascii_hexdigit).collect();
        let record: Vec<u8> =
            (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..][..2], 16).unwrap()).collect();
        let body = u32::from_be_bytes(*record[49..].first_chunk().unwrap()) as usize;
        let (rest, body) = record.split_at(record.len() - body);
        sealed(&rest[rest.len() - 61..], body, needles);
    }
}

/// A lock's first bytes are alike in all; its salt is not.
fn sealed(lock: &[u8], body: &[u8], needles: &mut Needles) {
    needles.keep("lock", &lock[13..]);
    needles.keep("body", body);
}

fn clients(server: &Server) -> Vec<TcpStream> {
    (0..CLIENTS).map(|_| TcpStream::connect(&server.address).unwrap()).collect()
}

/// Asks over a connection that stays, or over one of its own.
fn ask(server: &Server, clients: &mut [TcpStream], n: usize, path: &str, form: &str) -> Value {
    if n.is_multiple_of(GUARDED) {
        return server.ask("POST", path, form, None).1;
    }
    let mut client = &clients[n % CLIENTS];
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    loop {
        let mut piece = [0; 4_096];
        let read = client.read(&mut piece).unwrap();
        assert!(read > 0, "the server closed the connection");
        answer.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&answer);
        let whole = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
        if let Some(body) = whole {
            return body;
        }
    }
}

/// Letters and digits, other ones for every number.
fn noise(n: usize) -> String {
    let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
    format!("{mixed:016x}")
}

fn say(line: &str) {
    eprintln!("{line}");
}
