-- Stores a record, unless one of its id stands or there is no room.
-- KEYS: record, the hour in which it comes due, due, tally
-- ARGV: the packed record, its line in the hour, when the hour begins, the bytes it
--       counts, the master key's id, whether there is room (1 or 0)
-- Answers 0 fresh, 1 taken, 2 full.
if ARGV[6] ~= '1' then return 2 - redis.call('EXISTS', KEYS[1]) end
if not redis.call('SET', KEYS[1], ARGV[1], 'NX') then return 1 end
if redis.call('RPUSH', KEYS[2], ARGV[2]) == 1 then redis.call('ZADD', KEYS[3], ARGV[3], ARGV[3]) end
redis.call('HINCRBY', KEYS[4], 'b', ARGV[4])
redis.call('HINCRBY', KEYS[4], 'k' .. ARGV[5], '1')
return 0
