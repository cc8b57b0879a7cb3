-- Takes bytes from one figure of a bucket to another: their sum stays what it was.
-- KEYS: tally
-- ARGV: a field, what is taken from it, another, what is added to that
redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])
redis.call('HINCRBY', KEYS[1], ARGV[3], ARGV[4])
return 0
