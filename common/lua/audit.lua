-- Adds an entry to the audit stream of a county, if there is room for one of its kind.
--
-- KEYS: the stream, the number of refusals that were not written down.
-- ARGV: how many entries there may be at most, whether it is then counted instead (1) or an error (0), and the entry,
-- names and values in turn.
-- Answers the entry's id in the stream when it is written down, nothing when it is counted.

if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then
    if ARGV[2] == '0' then return redis.error_reply('FULL the audit stream: too many entries wait for the archive') end
    redis.call('INCR', KEYS[2])
    return false
end
local left_out = redis.call('GETDEL', KEYS[2])
if left_out then
    redis.call('XADD', KEYS[1], '*', 'actor', '', 'action', 'trail', 'order', '', 'result', 'left_out',
        'detail', left_out .. ' refusals were not written down: too many waited for the archive')
end
return redis.call('XADD', KEYS[1], '*', unpack(ARGV, 3))
