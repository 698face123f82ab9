-- Announces an instance for a while, and tells who is there.
-- KEYS: the registry of one service. ARGV: the instance ("" only asks), its time to live in ms (0: it leaves).

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] ~= '' then
    if ARGV[2] == '0' then
        redis.call('ZREM', KEYS[1], ARGV[1])
    else
        redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 60000)
    end
end
return redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')
