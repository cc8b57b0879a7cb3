-- Ends secrets: of any number of callers for one of them one gets an answer.
-- KEYS: all records, the tally of each, the guesses at each
-- ARGV: bytes of a lock, then for each record: now (8 bytes), and for each state from which
--       it may end that state and what it becomes, a byte each
-- Answers for each its head and boxes as they stand from now on, with the bytes of its
-- body before them (4 bytes), or nothing.
local n, states = #KEYS / 3, { [0] = 'S0', 'S1', 'S2' }
local byte, sub, number = string.byte, string.sub, struct.unpack
local stands = redis.call('MGET', unpack(KEYS, 1, n))
local answers, written, ended = {}, {}, {}

-- What a state becomes, if anything.
local function becomes(state, asked)
  for at = 9, #asked, 2 do
    if byte(asked, at) == state then return byte(asked, at + 1) end
  end
end

local function settle(i, bytes, asked)
  local version, state, flags = byte(bytes, 1, 3)
  if version ~= 1 or #bytes < 53 then return no_record() end
  local expires, info, own, body = number('>I8I4I4I4', bytes, 34)
  local ending, sealed, owned = becomes(state, asked), flags % 4 >= 2, flags >= 4
  if not ending or not sealed or number('>I8', asked) >= expires or ended[KEYS[i]] then return false end
  local kept = string.char(1, ending, flags - 2) .. sub(asked, 1, 8) .. sub(bytes, 12, 49) .. '\0\0\0\0' ..
    sub(bytes, 54, 53 + info + (owned and 16 + own or 0))
  -- What can't be counted does not end. The others have nothing to do with it.
  local counted = redis.pcall('HINCRBY', KEYS[n + i], states[ending], figure(-(ARGV[1] + body), 1))
  if type(counted) == 'table' then return counted end
  if flags % 2 == 1 then redis.call('DEL', KEYS[2 * n + i]) end
  written[#written + 1], written[#written + 2] = KEYS[i], kept
  ended[KEYS[i]] = true
  return sub(bytes, 50, 53) .. kept
end

for i = 1, n do answers[i] = stands[i] and settle(i, stands[i], ARGV[i + 1]) end
if #written > 0 then redis.call('MSET', unpack(written)) end
return answers
