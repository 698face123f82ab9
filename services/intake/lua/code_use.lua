-- Tries a sign-in code. The try counts before it is judged; a code that is right is used up.
--
-- KEYS: code:PHONE.
-- ARGV: hash of what was typed, how many tries a code has.
-- Answers 1 when it is right, else 0.

local hash = redis.call('HGET', KEYS[1], 'hash')
if not hash then return 0 end
if redis.call('HINCRBY', KEYS[1], 'tries', 1) > tonumber(ARGV[2]) or hash ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
