-- Registers a domain of an account that stands.
-- KEYS: account, domains
-- ARGV: the host, whose it is and how it looks
-- Answers 0 done, 1 no such account, 2 the host is taken.
if redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
if redis.call('HSETNX', KEYS[2], ARGV[1], ARGV[2]) == 0 then return 2 end
return 0
