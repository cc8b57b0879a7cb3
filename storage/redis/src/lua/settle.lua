-- Ends a secret: of any number of callers one gets an answer.
-- KEYS: record, guesses, tally
-- ARGV: now, bytes of a lock, then pairs: a state it may end from, and what it becomes
-- Answers head and boxes as they stand from now on, or nothing.
local head, fault = head_of(1)
if fault then return fault end
local now, becomes = tonumber(ARGV[1]), nil
for i = 3, #ARGV, 2 do
  if head and head.state == tonumber(ARGV[i]) then becomes = tonumber(ARGV[i + 1]) end
end
if not becomes or not head.sealed or now >= head.expires then return false end
local kept = without_content(1, head, becomes, now)
if head.guarded then redis.call('DEL', KEYS[2]) end
redis.call('SET', KEYS[1], kept)
redis.call('HINCRBY', KEYS[3], 'b', -(tonumber(ARGV[2]) + head.body))
redis.call('HINCRBY', KEYS[3], 's' .. becomes, 1)
return { kept, head.body }
