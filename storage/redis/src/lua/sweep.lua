-- Erases the content of expired secrets and removes forgotten receipts.
-- KEYS: due, tally, then for each record: record, guesses
-- ARGV: now, what a record counts beside its parts, bytes of a lock, how many lives
--       a receipt has, then each record's name in the bucket
-- Answers {expired, forgotten, bytes given back}.
local now, overhead, lock, lives = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local expired, forgotten, freed = 0, 0, 0

-- Counts, and leaves no zero.
local function count(field, bytes, records)
  if redis.call('HINCRBY', KEYS[2], field, figure(bytes, records)) == 0 then
    redis.call('HDEL', KEYS[2], field)
  end
end

for i = 5, #ARGV do
  local at, name = 3 + 2 * (i - 5), ARGV[i]
  local head, fault = head_of(at)
  if fault then
    -- Never removed: whoever looks at it must still find it. Asked again in a day.
    redis.call('ZADD', KEYS[1], now + 86400, name)
  elseif not head then
    redis.call('ZREM', KEYS[1], name)
  else
    local content = head.sealed and lock + head.body or 0
    local gone = head.created + lives * math.max(head.expires - head.created, 0)
    if now >= gone then
      redis.call('DEL', KEYS[at], KEYS[at + 1])
      redis.call('ZREM', KEYS[1], name)
      local all = overhead + content + head.info + head.own
      count('K' .. head.kid, -all, -1)
      if not head.sealed then count('S' .. head.state, 0, -1) end
      forgotten, freed = forgotten + 1, freed + all
    elseif now < head.expires then
      redis.call('ZADD', KEYS[1], head.expires, name)
    else
      -- Deleting first: a Redis whose memory is used up refuses a script that begins by writing.
      redis.call('DEL', KEYS[at + 1])
      if head.sealed then
        redis.call('SET', KEYS[at], without_content(at, head.bytes))
        count('S' .. head.state, -content, 1)
        expired, freed = expired + 1, freed + content
      end
      redis.call('ZADD', KEYS[1], gone, name)
    end
  end
end
return { expired, forgotten, freed }
