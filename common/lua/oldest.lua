-- When the oldest waiting message of an edge was made, as the 12 hex digits
-- that begin its id; nil when none waits. Reads the heads of at most 1,000
-- orders, the most overdue ones: enough for people, and cheap at any length.
-- KEYS: due zset, outbox hash
local heads = redis.call('ZRANGE', KEYS[1], 0, 999)
if #heads == 0 then
    return false
end
local oldest = false
for _, message in ipairs(redis.call('HMGET', KEYS[2], unpack(heads))) do
    if message and (not oldest or message:sub(1, 12) < oldest) then
        oldest = message:sub(1, 12)
    end
end
return oldest
