-- Takes actions out of an allowance, as many of them as are left: core's GCRA, in Unix
-- milliseconds.
-- KEYS: allowance
-- ARGV: now, the window, what one action costs, how much longer than needed it is kept,
--       how many actions
-- Answers {1, when it is whole again} if all were counted, {0, the same} if not.
local now, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local count = tonumber(ARGV[5])
local whole_at = tonumber(redis.call('GET', KEYS[1]) or '0')
local owed = math.max(whole_at, now)
local taken = math.min(count, math.floor((now + math.max(window, cost) - owed) / cost))
if taken < 1 then return { 0, whole_at } end
owed = owed + taken * cost
redis.call('SET', KEYS[1], string.format('%.0f', owed), 'PX', string.format('%.0f', owed - now + tonumber(ARGV[4])))
return { taken == count and 1 or 0, owed }
