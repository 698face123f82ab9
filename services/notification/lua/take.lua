-- Takes one SMS that is due, so that one instance alone sends it; unless it has to wait, or its person wants none.
--
-- KEYS: smsq, the hash of the SMS, told of the day, optout.
-- ARGV: id, lease in ms, wait for a receipt in ms, name of the instance, "1" if this instance asked before and
-- did not get the answer; then of the county: when its quiet hours end (0: it has none now), SMS a person gets a day
-- (0: any number), the day, when the next one begins, when this one began; by how many ms Redis' clock is ahead of the
-- one that the queue goes by.
-- Answers: nothing to do: nil; else how it was found ("queued"; "sending": its sender's lease ran out; not taken,
-- "optout": it is not to be sent, "wait": a reminder that has to go back to where it came from), which attempt this is, then order, recipient, template, phone, text, created,
-- expires, values, "1" if it was held back.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[11]

local sms = redis.call('HMGET', KEYS[2], 'state', 'owner', 'found', 'attempt',
    'order', 'recipient', 'template', 'phone', 'text', 'created', 'expires', 'values', 'held',
    'person', 'patient', 'optional', 'counted', 'gather')
local state, found, attempt = sms[1], sms[3], sms[4]
local person, patient, optional, counted, gather = sms[14], sms[15], sms[16], sms[17], sms[18]

local function answer(how)
    return {how, tostring(attempt or 0), sms[5], sms[6], sms[7], sms[8], sms[9], sms[10], sms[11] or '0',
        sms[12] or '', sms[13] or ''}
end

local function hold(till, why)
    if gather then
        attempt = redis.call('HINCRBY', KEYS[2], 'attempt', 1)
        return answer('wait')
    end
    redis.call('HSET', KEYS[2], 'held', 1, 'detail', why)
    redis.call('ZADD', KEYS[1], till, ARGV[1])
    return false
end

if not (ARGV[5] == '1' and state == 'sending' and sms[2] == ARGV[4]) then
    local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
    if not due or tonumber(due) > now then return false end
    if state ~= 'queued' and state ~= 'sending' then
        redis.call('ZREM', KEYS[1], ARGV[1])
        return false
    end
    -- One that may be out already waits for nothing.
    if state == 'queued' and optional and redis.call('HEXISTS', KEYS[4], person) == 1 then return answer('optout') end
    if state == 'queued' and patient then
        if ARGV[6] ~= '0' then return hold(ARGV[6], 'it is night') end
        if ARGV[7] ~= '0' and not counted then
            local told = tonumber(redis.call('HGET', KEYS[3], person) or '0')
            local yesterdays = gather and tonumber(sms[10]) < tonumber(ARGV[10]) -- see gathering.c
            if told >= tonumber(ARGV[7]) and not yesterdays then return hold(ARGV[9], 'the phone has had its SMS of the day') end
            redis.call('HINCRBY', KEYS[3], person, 1)
            redis.call('EXPIRE', KEYS[3], 172800)
            redis.call('HSET', KEYS[2], 'counted', ARGV[8])
        end
    end
    found = state
    attempt = redis.call('HINCRBY', KEYS[2], 'attempt', 1)
end

redis.call('HSET', KEYS[2], 'state', 'sending', 'rank', 2, 'owner', ARGV[4], 'found', found,
    'wait', string.format('%d', now + ARGV[3]))
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return answer(found)
