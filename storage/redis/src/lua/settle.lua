-- Ends secrets: of any number of callers for one of them one gets an answer.
-- KEYS: all records, the tally of each, the guesses at each
-- ARGV: bytes of a lock, then for each record: now (8 bytes), and for each state from which
--       it may end that state and what it becomes, a byte each
-- Answers for each its head and boxes as they stand from now on, with the bytes of its
-- body behind them (4 bytes), or nothing.
local n, STATES = #KEYS / 3, { [0] = 'S0', 'S1', 'S2' }
local stands = redis.call('MGET', unpack(KEYS, 1, n))
local answers, written, ended = {}, {}, {}

-- What the record KEYS[i] becomes, and its content's bytes.
local function ending(i, bytes, asked)
  local _, state, flags = bytes:byte(1, 3)
  local expires, info, own, body = struct.unpack('>I8I4I4I4', bytes, 34)
  if bit.band(flags, 2) == 0 or struct.unpack('>I8', asked) >= expires then return end
  for at = 9, #asked, 2 do
    if asked:byte(at) == state then return asked:byte(at + 1), flags, body, info, own end
  end
end

for i = 1, n do
  local bytes, asked = stands[i], ARGV[i + 1]
  answers[i] = false
  if bytes and not is_record(bytes) then
    answers[i] = no_record()
  elseif bytes and not ended[KEYS[i]] then
    local becomes, flags, body = ending(i, bytes, asked)
    if becomes then
      local kept = without_content(i, bytes, becomes, asked:sub(1, 8))
      if bit.band(flags, 1) ~= 0 then redis.call('DEL', KEYS[2 * n + i]) end
      redis.call('HINCRBY', KEYS[n + i], STATES[becomes], figure(-(ARGV[1] + body), 1))
      written[#written + 1], written[#written + 2] = KEYS[i], kept
      ended[KEYS[i]] = true
      answers[i] = kept .. bytes:sub(50, 53)
    end
  end
end
if #written > 0 then redis.call('MSET', unpack(written)) end
return answers
