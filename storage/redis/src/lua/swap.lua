-- Puts an account in the place of what its caller saw, and claims and frees the
-- digests of its tokens. With an account its domains go.
-- KEYS: account, accounts, domains, the digests to claim, the digests to free
-- ARGV: what stands there (empty for nothing), what is to stand there (empty for
--       nothing), the account's id, when it was made, how many digests to claim
-- Answers 0 done, 1 something else stands there by now, 2 a digest is taken.
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 1 end
local last_claim = 3 + tonumber(ARGV[5])
for i = 4, last_claim do
  if redis.call('EXISTS', KEYS[i]) == 1 then return 2 end
end
for i = 4, last_claim do redis.call('SET', KEYS[i], ARGV[3]) end
for i = last_claim + 1, #KEYS do redis.call('DEL', KEYS[i]) end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[3])
  local domains = redis.call('HGETALL', KEYS[3])
  for i = 1, #domains, 2 do
    if domains[i + 1]:sub(1, 16) == ARGV[3] then redis.call('HDEL', KEYS[3], domains[i]) end
  end
else
  redis.call('SET', KEYS[1], ARGV[2])
  redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
end
return 0
