-- Moves records from an hour that has begun to what is due, each with its second.
-- KEYS: the hour, due
-- ARGV: when the hour begins, how many records to move
local count, start = tonumber(ARGV[2]), tonumber(ARGV[1])
local lines = redis.call('LPOP', KEYS[1], count) or {}
local due = {}
for i, line in ipairs(lines) do
  due[2 * i - 1], due[2 * i] = start + 256 * line:byte(1) + line:byte(2), line:sub(3)
end
-- Removing first: a Redis whose memory is used up refuses a script that begins by adding.
if #lines > 0 then redis.call('ZADD', KEYS[2], unpack(due)) end
if #lines < count then redis.call('ZREM', KEYS[2], ARGV[1]) end
return #lines
