-- Counts a guess before it is checked: core's Attempts::count, step by step.
-- KEYS: record, guesses
-- ARGV: now, open or burn, the client (8 bytes), guesses of one client, of all,
--       in a life, the window, the lock (seconds), clients remembered,
--       the state in which a secret can be opened
-- Answers nothing if there is nothing to open; {0, until} while it is locked;
-- {1, guesses left, record} if the guess was counted; {2, record} if it takes no passphrase.
local head, fault = head_of(1)
if fault then return fault end
local now = tonumber(ARGV[1])
if not head or head.state ~= tonumber(ARGV[10]) or not head.sealed or now >= head.expires then
  return false
end
if not head.guarded then return { 2, redis.call('GET', KEYS[1]) } end

local opens, client = ARGV[2] == 'open', ARGV[3]
local per_client, per_secret, in_a_life = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local window, lock, most_clients = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])

local total, all, clients, own = 0, { start = 0, count = 0, locked = 0 }, {}, nil
local stored = redis.call('GET', KEYS[2])

-- A window whose time is over begins anew.
local function is_spent(seen)
  local over = now >= seen.start + window and now >= seen.locked
  local unlocked = seen.locked > 0 and now >= seen.locked
  return seen.count == 0 or over or unlocked
end

if stored then
  local version, n
  if #stored >= 24 then
    version, total, all.start, all.count, all.locked, n = struct.unpack('>BI4I8I2I8B', stored)
  end
  if version ~= 1 or #stored ~= 24 + 25 * n then
    return redis.error_reply('DAMAGED the guesses at a record are not laid out as any are')
  end
  for i = 0, n - 1 do
    local seen = {}
    seen.id, seen.start, seen.count, seen.locked = struct.unpack('>c8I8BI8', stored, 25 + 25 * i)
    if not is_spent(seen) then
      clients[#clients + 1] = seen
      if seen.id == client then own = seen end
    end
  end
end
if is_spent(all) then all = { start = now, count = 0, locked = 0 } end

-- When the first of the remembered clients is forgotten.
local function next_place()
  local first
  for _, seen in ipairs(clients) do
    local ends = seen.locked > 0 and seen.locked or seen.start + window
    if not first or ends < first then first = ends end
  end
  return first
end

local till
if opens and total >= in_a_life then
  till = head.expires
elseif opens and all.locked > now then
  till = all.locked
elseif own and own.locked > now then
  till = own.locked
elseif not own and #clients >= most_clients then
  till = next_place()
end
if till then return { 0, till } end

if not own then
  own = { id = client, start = now, count = 0, locked = 0 }
  clients[#clients + 1] = own
end
own.count = own.count + 1
if own.count >= per_client then own.locked = now + lock end
if opens then
  total = math.min(total + 1, 4294967295)
  all.count = math.min(all.count + 1, 65535)
  if all.count >= per_secret then all.locked = now + lock end
end

local parts = { struct.pack('>BI4I8I2I8B', 1, total, all.start, all.count, all.locked, #clients) }
for _, seen in ipairs(clients) do
  parts[#parts + 1] = struct.pack('>c8I8BI8', seen.id, seen.start, math.min(seen.count, 255), seen.locked)
end
-- Deleting first: a Redis whose memory is used up refuses a script that begins by writing.
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[2], table.concat(parts))

local left = math.max(per_client - own.count, 0)
if opens then
  left = math.min(left, math.max(per_secret - all.count, 0), math.max(in_a_life - total, 0))
end
return { 1, left, redis.call('GET', KEYS[1]) }
