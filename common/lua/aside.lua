-- Sets an event aside that its receiver refused, or that nobody could take: visible, with its cause, its body kept.
-- KEYS: order, due, attempts, dead letters. ARGV: edge, order number, seq, message id, type, cause.
-- Answers 1, or 0 when it lay aside already or was applied meanwhile.

local name = ARGV[2] .. '/' .. ARGV[3]
if redis.call('ZREM', KEYS[2], name) == 0 then return 0 end
redis.call('HDEL', KEYS[3], name)
local time = redis.call('TIME')
redis.call('XADD', KEYS[4], '*', 'edge', ARGV[1], 'order', ARGV[2], 'seq', ARGV[3], 'id', ARGV[4], 'type', ARGV[5],
    'cause', ARGV[6], 'at', time[1] * 1000 + math.floor(time[2] / 1000))
if redis.call('HEXISTS', KEYS[1], 'ver') == 1 then redis.call('HSET', KEYS[1], 'aside', ARGV[1]) end
return 1
