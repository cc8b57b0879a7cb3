-- Stores records, each unless one of its id stands.
-- KEYS: all records, the tally of each, the hour in which each comes due, the due of each
-- ARGV: for each record: it, packed, its line in the hour, the field of its master key in the
--       tally, what is added to that
-- Answers for each 0 fresh, 1 taken.
local n = #KEYS / 4
local answers, written, seen = {}, {}, {}
for i = 1, n do
  answers[i] = seen[KEYS[i]] and 1 or 0
  if answers[i] == 0 then
    written[#written + 1], written[#written + 2] = KEYS[i], ARGV[4 * i - 3]
    seen[KEYS[i]] = true
  end
end
-- Nearly always none of them stands. If one does, each is stored by itself.
if redis.call('MSETNX', unpack(written)) == 0 then
  for i = 1, n do
    if answers[i] == 0 and not redis.call('SET', KEYS[i], ARGV[4 * i - 3], 'NX') then answers[i] = 1 end
  end
end
-- What can't be counted is told of the one record: the others have nothing to do with it.
for i = 1, n do
  if answers[i] == 0 then
    local lines = redis.pcall('RPUSH', KEYS[2 * n + i], ARGV[4 * i - 2])
    if lines == 1 then
      local start = KEYS[2 * n + i]:match('%d+$')
      redis.call('ZADD', KEYS[3 * n + i], start, start)
    end
    local counted = redis.pcall('HINCRBY', KEYS[n + i], ARGV[4 * i - 1], ARGV[4 * i])
    if type(lines) == 'table' then answers[i] = lines end
    if type(counted) == 'table' then answers[i] = counted end
  end
end
return answers
