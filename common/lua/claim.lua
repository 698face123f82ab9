-- Takes overdue events of one edge to send them again; whoever takes them has them until their next time.
-- KEYS: due, outbox, attempts. ARGV: how many, backoff base in ms, backoff cap in ms.
-- Answers per event: name ("order/seq"), content, attempts so far with this one.

local base, cap = tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])) do
    local content = redis.call('HGET', KEYS[2], name)
    if content then
        local attempts = redis.call('HINCRBY', KEYS[3], name, 1)
        redis.call('ZADD', KEYS[1], now + math.min(cap, base * attempts * attempts), name)
        answer[#answer + 1] = name
        answer[#answer + 1] = content
        answer[#answer + 1] = attempts
    else
        redis.call('ZREM', KEYS[1], name)
    end
end
return answer
