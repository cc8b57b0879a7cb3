-- Shared by all scripts that read a record: see layout.rs.
local function no_record() return redis.error_reply('DAMAGED a record is not laid out as any record is') end

-- What stands in the head of the record KEYS[at], as a table made in one go: one that
-- grows field by field is made anew five times. `bytes` is what the record begins with:
-- its head, and nearly all boxes. Nothing if there is no record; an error if what stands
-- there is none. Numbers go to commands as text: to make text of a number takes longer
-- than many a command.
local function head_of(at)
  local bytes = redis.call('GETRANGE', KEYS[at], '0', '511')
  if bytes == '' then return nil end
  if #bytes < 53 or bytes:byte(1) ~= 1 then return nil, no_record() end
  local _, state, flags, _, _, _, _, kid, created, expires, info, own, body =
    struct.unpack('>BBBI8BI8Bc4I8I8I4I4I4', bytes)
  return {
    bytes = bytes, state = state, kid = kid, created = created, expires = expires,
    info = info, own = own, body = body,
    sealed = bit.band(flags, 2) ~= 0, guarded = bit.band(flags, 1) ~= 0,
  }
end

-- The record KEYS[at], which begins with `bytes`, without lock and body.
local function without_content(at, bytes)
  local flags, info, own = bytes:byte(3), struct.unpack('>I4I4', bytes, 42)
  local ends = 53 + info + (bit.band(flags, 4) ~= 0 and 16 + own or 0)
  local boxes = ends <= #bytes and bytes:sub(54, ends) or redis.call('GETRANGE', KEYS[at], '53', ends - 1)
  return bytes:sub(1, 2) .. string.char(flags - bit.band(flags, 2)) .. bytes:sub(4, 49) .. '\0\0\0\0' .. boxes
end

-- Bytes and records as one figure of a tally: see figures.rs.
local function figure(bytes, records) return string.format('%d', bytes * 16777216 + records) end
