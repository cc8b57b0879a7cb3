-- Stores a record, unless one of its id stands or there is no room.
-- KEYS: record, due, tally
-- ARGV: the packed record, expires, its name in the bucket, the bytes it counts,
--       the master key's id, whether there is room (1 or 0)
-- Answers 0 fresh, 1 taken, 2 full.
if ARGV[6] ~= '1' then return 2 - redis.call('EXISTS', KEYS[1]) end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX') then return 1 end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
redis.call('HINCRBY', KEYS[3], 'b', ARGV[4])
redis.call('HINCRBY', KEYS[3], 'k' .. ARGV[5], 1)
return 0
