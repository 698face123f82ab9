-- Keeps the hash of a fresh sign-in code in place of an older one, if the phone may have one now.
--
-- KEYS: code:PHONE, codes:PHONE (the moment at which the phone's allowance will be full again).
-- ARGV: hash, for how many seconds it is good, ms for which one code counts, how many may come at once.
-- Answers 0, or in how many seconds the next one may be asked for.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local interval = tonumber(ARGV[3])

local full = math.max(now, tonumber(redis.call('GET', KEYS[2]) or '0'))
local wait = full - now - (ARGV[4] - 1) * interval
if wait > 0 then return math.floor(wait / 1000) + 1 end

redis.call('SET', KEYS[2], string.format('%d', full + interval), 'PX', string.format('%d', full + interval - now))
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'hash', ARGV[1], 'tries', 0)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 0
