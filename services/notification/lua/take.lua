-- Takes one SMS that is due, so that one instance alone sends it.
--
-- KEYS: smsq, the hash of the SMS.
-- ARGV: id, lease in ms, wait for a receipt in ms, name of the instance, "1" if this instance asked before and
-- did not get the answer.
-- Answers: nothing to do: nil; else how it was found ("queued", or "sending": its sender's lease ran out), which
-- attempt this is, then order, recipient, template, phone, text, created, expires, values.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local sms = redis.call('HMGET', KEYS[2], 'state', 'owner', 'found', 'attempt',
    'order', 'recipient', 'template', 'phone', 'text', 'created', 'expires', 'values')
local state, found, attempt = sms[1], sms[3], sms[4]

if not (ARGV[5] == '1' and state == 'sending' and sms[2] == ARGV[4]) then
    local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
    if not due or tonumber(due) > now then return false end
    if state ~= 'queued' and state ~= 'sending' then
        redis.call('ZREM', KEYS[1], ARGV[1])
        return false
    end
    found = state
    attempt = redis.call('HINCRBY', KEYS[2], 'attempt', 1)
end

redis.call('HSET', KEYS[2], 'state', 'sending', 'rank', 2, 'owner', ARGV[4], 'found', found,
    'wait', string.format('%d', now + ARGV[3]))
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return {found, tostring(attempt), sms[5], sms[6], sms[7], sms[8], sms[9], sms[10], sms[11] or '0', sms[12] or ''}
