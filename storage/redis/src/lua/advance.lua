-- Notes that a store has come from one format to another.
-- KEYS: format
-- ARGV: the format that it came from, the one it has now
-- Answers the format that stands from now on: that of whoever was faster, too.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) end
return tonumber(redis.call('GET', KEYS[1]))
