-- Sends a dead letter again, with fresh attempts.
-- KEYS: order hash, outbox hash, due zset, attempts hash, dead-letter stream
-- ARGV: entry of the stream, "<order>/<seq>", edge
-- Answers OK, or a status that says why not.
if #redis.call('XRANGE', KEYS[5], ARGV[1], ARGV[1]) == 0 then
    return {ok = 'the entry is not there any more'}
end
if redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then
    local known = redis.call('HMGET', KEYS[1], 'ver', 'ack:' .. ARGV[3])
    if known[1] and (tonumber(known[2]) or 0) < tonumber(ARGV[2]:match('%d+$')) then
        return {ok = 'the message is not in the outbox any more'}
    end -- an order that is not there any more has left with all that it sent acknowledged
    redis.call('XDEL', KEYS[5], ARGV[1])
    return {ok = 'the message has arrived meanwhile; its letter is taken away'}
end
local aside = redis.call('HGET', KEYS[1], 'aside')
local time = redis.call('TIME')

if aside == ARGV[3] then
    redis.call('HDEL', KEYS[1], 'aside')
end
redis.call('HDEL', KEYS[4], ARGV[2])
redis.call('ZADD', KEYS[3], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[2])
redis.call('XDEL', KEYS[5], ARGV[1])
return {ok = 'OK'}
