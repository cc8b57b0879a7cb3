-- Ends a secret: of any number of callers one gets an answer.
-- KEYS: record, guesses, tally
-- ARGV: now, bytes of a lock, then for each state from which it may end: that state
--       and what it becomes
-- Answers head and boxes as they stand from now on and the bytes of the body, or nothing.
local bytes, fault = start_of(1)
if not bytes then return fault or false end
local _, state, flags = bytes:byte(1, 3)
local expires, _, _, body = struct.unpack('>I8I4I4I4', bytes, 34)
local now, becomes = tonumber(ARGV[1]), nil
for i = 3, #ARGV, 2 do
  if state == tonumber(ARGV[i]) then becomes = ARGV[i + 1] end
end
if not becomes or bit.band(flags, 2) == 0 or now >= expires then return false end
local kept = without_content(1, bytes, tonumber(becomes), now)
if bit.band(flags, 1) ~= 0 then redis.call('DEL', KEYS[2]) end
redis.call('SET', KEYS[1], kept)
redis.call('HINCRBY', KEYS[3], 'b', string.format('%d', -(ARGV[2] + body)))
redis.call('HINCRBY', KEYS[3], 's' .. becomes, '1')
return { kept, body }
