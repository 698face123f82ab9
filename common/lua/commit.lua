-- Commits one outcome: all of it or nothing.
--
-- KEYS[1] is the order's hash; the plan names further keys by their place in KEYS.
-- ARGV[1] is the plan, packed by common/commit.c:
--   order    number of the order, absent when the outcome is about none
--   create   the order must not exist yet
--   version  the version that the handler saw, absent when its outcome does not depend on that
--   set      names and values in turn; absent when no field changes
--   changes  key of the stream that tells which orders have changed; there whenever there is a set
--   edge, seq, id   of the event that is applied; absent for calls and local work
--   sends    each {edge, outbox key, due key, message id, body, order, its key, whether that must be there, or is made
--            by it}
--   writes   each {command, key, argument, ...}
--   guards   each {key, field, bound}; absent without
--   expected {key, field, number}: what the handler saw there
--   limit    {key, burst, ms}: so many at once, and one more each so many ms; the key has when all are free again
--   first    {key, answer, seconds}: where the first answer to a repeated request is kept
--   lease    ms for which the committing instance sends the new messages itself
--
-- Answers: applied, version, then per send its number (0: its order is not there) and 1 when it may be sent now;
-- repeat, answer; duplicate; early; conflict; gone; exists; stale; limited; fork.

local CHANGES_KEPT = 5000 -- whoever was away for more of them has to look at everything anew

local plan = cmsgpack.unpack(ARGV[1])
local hash = KEYS[1]

local function now()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- First every check: Redis does not roll back.
if plan.first then
    local answer = redis.call('GET', KEYS[plan.first[1]])
    if answer then return {'repeat', answer} end
end

local version = 0
if plan.order then
    local edge = plan.edge or ''
    local known = redis.call('HMGET', hash, 'ver', 'in:' .. edge, 'inid:' .. edge)
    version = tonumber(known[1] or '0')
    if version == 0 and not plan.create then return {'gone'} end
    if plan.edge then
        local last = tonumber(known[2] or '0')
        if plan.seq == last and known[3] ~= plan.id then return {'fork'} end
        if plan.seq <= last then return {'duplicate'} end
        if plan.seq > last + 1 then return {'early'} end
    end
    if version > 0 and plan.create then return {'exists'} end
    if plan.version and plan.version ~= version then return {'conflict'} end
end
for _, send in ipairs(plan.sends) do
    if send[8] and redis.call('HEXISTS', KEYS[send[7]], 'ver') == 0 then return {'gone'} end
end
if plan.expected then
    local number = tonumber(redis.call('HGET', KEYS[plan.expected[1]], plan.expected[2]) or '0')
    if number ~= plan.expected[3] then return {'conflict'} end
end
for _, guard in ipairs(plan.guards or {}) do
    local number = tonumber(redis.call('HGET', KEYS[guard[1]], guard[2]) or '0')
    -- An event is settled by being stale: it must count as applied, or it would come again for ever.
    if number >= guard[3] then
        if plan.edge then redis.call('HSET', hash, 'in:' .. plan.edge, plan.seq, 'inid:' .. plan.edge, plan.id) end
        return {'stale'}
    end
end
local free
if plan.limit then
    free = math.max(now(), tonumber(redis.call('GET', KEYS[plan.limit[1]]) or '0'))
    if free - now() > (plan.limit[2] - 1) * plan.limit[3] then return {'limited'} end
    free = free + plan.limit[3]
end

-- Then every write.
if plan.limit then
    redis.call('SET', KEYS[plan.limit[1]], string.format('%d', free), 'PXAT', string.format('%d', free))
end
if plan.set then
    version = version + 1
    redis.call('HSET', hash, 'ver', version, unpack(plan.set))
    redis.call('XADD', KEYS[plan.changes], 'MAXLEN', '~', CHANGES_KEPT, '*', 'order', plan.order)
end
for _, write in ipairs(plan.writes) do
    redis.call(write[1], KEYS[write[2]], unpack(write, 3))
end
if plan.first then
    redis.call('SET', KEYS[plan.first[1]], plan.first[2], 'EX', plan.first[3])
end

local answer = {'applied', version}
if #plan.sends > 0 then
    local due = now() + plan.lease
    for _, send in ipairs(plan.sends) do
        local about, seq, head = KEYS[send[7]], 0, 0
        -- What is about no order, its own or one that it makes has it; another may have left.
        if send[6] == plan.order or send[9] or redis.call('HEXISTS', about, 'ver') == 1 then
            seq = redis.call('HINCRBY', about, 'out:' .. send[1], 1)
            local name = send[6] .. '/' .. seq
            redis.call('HSET', KEYS[send[2]], name, send[4] .. send[5])
            if tonumber(redis.call('HGET', about, 'ack:' .. send[1]) or '0') == seq - 1 then
                redis.call('ZADD', KEYS[send[3]], due, name)
                head = 1
            end
        end
        answer[#answer + 1] = seq
        answer[#answer + 1] = head
    end
end
-- Last, so that an event whose writes met an error does not count as applied.
if plan.edge then
    redis.call('HSET', hash, 'in:' .. plan.edge, plan.seq, 'inid:' .. plan.edge, plan.id)
end
return answer
