-- Shared by all scripts that read a record: see layout.rs.
-- Reads the head of the record KEYS[at]. Nothing if there is no record; an error
-- if what stands there is none. It reads further than the head: nearly all boxes end there.
local function head_of(at)
  local bytes = redis.call('GETRANGE', KEYS[at], 0, 511)
  if bytes == '' then return nil end
  if #bytes < 53 or bytes:byte(1) ~= 1 then
    return nil, redis.error_reply('DAMAGED a record is not laid out as any record is')
  end
  local _, state, flags, updated, _, _, _, kid, created, expires, info, own, body =
    struct.unpack('>BBBI8BI8Bc4I8I8I4I4I4', bytes)
  local sealed, owned = bit.band(flags, 2) ~= 0, bit.band(flags, 4) ~= 0
  -- Made in one go: a table that grows field by field is made anew five times.
  return {
    bytes = bytes, state = state, updated = updated, kid = kid, created = created, expires = expires,
    info = info, own = own, body = body, sealed = sealed, guarded = bit.band(flags, 1) ~= 0,
    open_flags = flags - (sealed and 2 or 0), boxes = info + (owned and 16 + own or 0),
  }
end

-- The record KEYS[at] without lock and body, ended or not.
local function without_content(at, head, state, updated)
  local ends = 53 + head.boxes
  local boxes = ends <= #head.bytes and head.bytes:sub(54, ends) or redis.call('GETRANGE', KEYS[at], 53, ends - 1)
  return struct.pack('>BBBI8', 1, state, head.open_flags, updated) .. head.bytes:sub(12, 49) .. '\0\0\0\0' .. boxes
end
