-- Notes what became of a message.
-- KEYS: record
-- ARGV: the state of the message (1 byte) and when it was noted (8 bytes)
if redis.call('STRLEN', KEYS[1]) >= 53 then redis.call('SETRANGE', KEYS[1], 11, ARGV[1]) end
return 0
