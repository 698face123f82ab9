-- Passes over a dead letter: its order goes on as if it had been handled.
-- What was not handled is kept, with the reason.
-- KEYS: order hash, outbox hash, due zset, attempts hash, dead-letter stream, stream of skipped messages
-- ARGV: entry of the stream, order, sequence number, edge, message id, reason
-- Answers OK, or a status that says why not.
local letter = redis.call('XRANGE', KEYS[5], ARGV[1], ARGV[1])[1]
if not letter then
    return {ok = 'the entry is not there any more'}
end
local member = ARGV[2] .. '/' .. ARGV[3]
local body = redis.call('HGET', KEYS[2], member)
if not body then
    return {ok = 'the message is not in the outbox any more; if it has arrived, replay takes its letter away'}
end
local ack, into, into_id, aside = unpack(redis.call('HMGET', KEYS[1], 'ack:' .. ARGV[4], 'in:' .. ARGV[4],
    'inid:' .. ARGV[4], 'aside'))
local order_is_there = redis.call('HEXISTS', KEYS[1], 'ver') == 1
local sequence = tonumber(ARGV[3])
local next_member = ARGV[2] .. '/' .. string.format('%.0f', sequence + 1)
local next_is_there = redis.call('HEXISTS', KEYS[2], next_member) == 1
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local kept = letter[2]
for _, value in ipairs({'reason', ARGV[6], 'skipped_at', now, 'message', body}) do
    table.insert(kept, value)
end
redis.call('XADD', KEYS[6], '*', unpack(kept))
redis.call('XDEL', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[2], member)
redis.call('HDEL', KEYS[4], member)
redis.call('ZREM', KEYS[3], member)
if order_is_there then
    if (tonumber(ack) or 0) < sequence then
        redis.call('HSET', KEYS[1], 'ack:' .. ARGV[4], ARGV[3])
    end
    if (tonumber(into) or 0) < sequence then
        redis.call('HSET', KEYS[1], 'in:' .. ARGV[4], ARGV[3], 'inid:' .. ARGV[4], ARGV[5])
    end
    if aside == ARGV[4] then
        redis.call('HDEL', KEYS[1], 'aside')
    end
end
if next_is_there then
    redis.call('ZADD', KEYS[3], now, next_member)
end
return {ok = 'OK'}
