-- An event was applied by its receiver: removes it, releases the next one of the same order and edge.
-- KEYS: order, outbox, due, attempts, dead letters. ARGV: edge, order number, seq, lease in ms.
-- Answers the next message's number and content, or nothing.

local edge, order, seq = ARGV[1], ARGV[2], tonumber(ARGV[3])
local name = order .. '/' .. seq
local known = redis.call('HMGET', KEYS[1], 'ver', 'ack:' .. edge, 'aside')

-- A late ack of what was acknowledged before, or of an order that has left for the archive, changes nothing.
if known[1] and tonumber(known[2] or '0') ~= seq - 1 then return false end

redis.call('HDEL', KEYS[2], name)
redis.call('ZREM', KEYS[3], name)
redis.call('HDEL', KEYS[4], name)
if not known[1] then return false end
redis.call('HSET', KEYS[1], 'ack:' .. edge, seq)

-- It was set aside while this answer was on its way; nobody could replay or skip it any more. The mark is that of the
-- latest of the order's letters, and this may be an earlier one.
if known[3] then
    if known[3] == edge then redis.call('HDEL', KEYS[1], 'aside') end
    for _, letter in ipairs(redis.call('XRANGE', KEYS[5], '-', '+')) do
        local of = {}
        for i = 1, #letter[2], 2 do of[letter[2][i]] = letter[2][i + 1] end
        if of.edge == edge and of.order == order and of.seq == ARGV[3] then
            redis.call('XDEL', KEYS[5], letter[1])
        end
    end
end

local next_name = order .. '/' .. (seq + 1)
local content = redis.call('HGET', KEYS[2], next_name)
if not content then return false end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[3], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[4], next_name)
return {seq + 1, content}
