-- Takes one action out of an allowance: core's GCRA, in Unix milliseconds.
-- KEYS: allowance
-- ARGV: now, the window, what one action costs, how much longer than needed it is kept
-- Answers {1, when it is whole again} if the action was counted, {0, the same} if it was refused.
local now, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local whole_at = tonumber(redis.call('GET', KEYS[1]) or '0')
local owed = math.max(whole_at, now) + cost
if owed > now + math.max(window, cost) then return { 0, whole_at } end
-- Deleting first, for the reason that settle.lua gives.
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], string.format('%.0f', owed), 'PX', string.format('%.0f', owed - now + tonumber(ARGV[4])))
return { 1, owed }
