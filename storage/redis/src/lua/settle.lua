-- Ends a secret: of any number of callers one gets an answer.
-- KEYS: record, guesses, tally
-- ARGV: now, bytes of a lock, then for each state from which it may end: that state
--       and what it becomes
-- Answers head and boxes as they stand from now on and the bytes of the body, or nothing.
local head, fault = head_of(1)
if fault then return fault end
local now, becomes = tonumber(ARGV[1]), nil
if not head or not head.sealed or now >= head.expires then return false end
for i = 3, #ARGV, 2 do
  if head.state == tonumber(ARGV[i]) then becomes = ARGV[i + 1] end
end
if not becomes then return false end
local kept = without_content(1, head, tonumber(becomes), now)
if head.guarded then redis.call('DEL', KEYS[2]) end
redis.call('SET', KEYS[1], kept)
redis.call('HINCRBY', KEYS[3], 'b', -(tonumber(ARGV[2]) + head.body))
redis.call('HINCRBY', KEYS[3], 's' .. becomes, 1)
return { kept, head.body }
