-- retire.lua: lets a finished order go when nothing of it is on its way.
--
-- KEYS[1]  the order's hash
-- ARGV[1]  the last version that its case holds
--
-- 1: it is gone (or was already). 0: not yet; ask again later.

local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then
    return 1
end
local order = {}
for i = 1, #fields, 2 do
    order[fields[i]] = fields[i + 1]
end

-- A step that the case lacks, an SMS whose fate is open, a message set aside.
if order.ver ~= ARGV[1] or (order.sms_open or '0') ~= '0' or (order.aside or '') ~= '' then
    return 0
end
-- A message sent and not acknowledged.
for field, sequence in pairs(order) do
    local edge = string.match(field, '^out:(.+)$')
    if edge and order['ack:' .. edge] ~= sequence then
        return 0
    end
end
redis.call('DEL', KEYS[1])
return 1
